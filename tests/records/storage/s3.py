"""A real S3 server for tests: moto, in a process of its own, that can be killed and comes back with
what it held.

moto keeps objects in memory and writes down the requests it gets; one that comes back is sent those
that changed something again.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import fsspec

START_S = 60.0
CHANGING = ("PUT", "POST", "DELETE")


def settings() -> dict[str, str]:
    """The environment in which S3 is a server of this machine, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class S3Server:
    """At $AWS_ENDPOINT_URL; what it was sent is written to ``folder``."""

    def __init__(self, folder: Path):
        self.address, self.log = os.environ["AWS_ENDPOINT_URL"], folder / "requests"
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        """Begin, or begin again with what there was."""
        sent = self.log.read_text().splitlines(keepends=True) if self.log.exists() else []
        self.log.write_text("".join(r for r in sent if json.loads(r)["method"] in CHANGING))
        host, port = self.address.removeprefix("http://").split(":")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", host, "-p", port],
            env={
                **os.environ,
                "MOTO_ENABLE_RECORDING": "1",
                "MOTO_RECORDER_FILEPATH": str(self.log),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_S
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/moto-api/", timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < deadline and self._process.poll() is None
                time.sleep(0.05)
        if sent:
            again = f"{self.address}/moto-api/recorder/replay-recording"
            urllib.request.urlopen(urllib.request.Request(again, method="POST"), timeout=60).close()

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def bucket(self, name: str) -> str:
        """The URL of a new bucket."""
        fsspec.filesystem("s3", use_listings_cache=False).mkdir(name)
        return f"s3://{name}"
