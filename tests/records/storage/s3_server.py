"""``python -m tests.records.storage.s3_server HOST PORT LOG``: moto's S3, and what it held before.

moto keeps objects in memory and writes each request to LOG. Before it listens it is given those
again that changed something.
"""

import base64
import json
import re
import sys
from pathlib import Path

from moto.moto_api import recorder
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple
from werkzeug.test import Client

CHANGING = ("PUT", "POST", "DELETE")
_WHITE = re.compile(r"\s*")


def main(host: str, port: int, log: Path) -> None:
    app = DomainDispatcherApplication(create_backend_app)
    again = Client(app)
    for sent in _requests(log):
        if sent["method"] in CHANGING:
            body = base64.b64decode(sent["body"]) if sent["body_encoded"] else sent["body"]
            again.open(sent["url"], method=sent["method"], headers=sent["headers"], data=body)
    recorder.start_recording()  # to $MOTO_RECORDER_FILEPATH, which is LOG
    run_simple(host, port, app, threaded=True, request_handler=MotoRequestHandler)


def _requests(log: Path) -> list[dict]:
    """All that ``log`` holds. A last one that was being written when the server was killed, which
    it did not answer, is removed. Two that came at once may stand on one line.
    """
    text, decoder = log.read_text() if log.exists() else "", json.JSONDecoder()
    requests: list[dict] = []
    end = 0
    while (start := _WHITE.match(text, end).end()) < len(text):
        try:
            request, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError:
            log.write_text(text[:end] + "\n")
            break
        requests.append(request)
    return requests


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
