"""``python -m tests.records.storage.s3_server HOST PORT LOG``: moto's S3, and what it held before.

moto keeps objects in memory and writes each request to LOG. Before it listens it is given those
again that changed something.
"""

import base64
import json
import sys
from pathlib import Path

from moto.moto_api import recorder
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple
from werkzeug.test import Client

CHANGING = ("PUT", "POST", "DELETE")


def main(host: str, port: int, log: Path) -> None:
    app = DomainDispatcherApplication(create_backend_app)
    again = Client(app)
    for line in log.read_text().splitlines() if log.exists() else []:
        sent = json.loads(line)
        if sent["method"] in CHANGING:
            body = base64.b64decode(sent["body"]) if sent["body_encoded"] else sent["body"]
            again.open(sent["url"], method=sent["method"], headers=sent["headers"], data=body)
    recorder.start_recording()  # to $MOTO_RECORDER_FILEPATH, which is LOG
    run_simple(host, port, app, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
