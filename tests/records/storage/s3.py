"""A real S3 server for tests: moto, in a process of its own, that can be killed and comes back
with what it held.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import fsspec

START_S = 180.0  # where the machine is busy, and much was written before


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
        host, port = self.address.removeprefix("http://").split(":")
        server = [sys.executable, "-m", "tests.records.storage.s3_server", host, port]
        self._process = subprocess.Popen(
            [*server, str(self.log)],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "MOTO_RECORDER_FILEPATH": str(self.log)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_S
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/moto-api/", timeout=5).close()
                return
            except OSError:
                assert time.monotonic() < deadline and self._process.poll() is None
                time.sleep(0.05)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def bucket(self, name: str) -> str:
        """The URL of a new bucket."""
        fsspec.filesystem("s3", use_listings_cache=False).mkdir(name)
        return f"s3://{name}"
