"""Who alone may write a part of the results at a store? Whoever holds its lease.

A lease is a row of small files, ``FOLDER/lease/000001.json``, of which the last counts. Who wants
it creates the next one, in which the store lets one succeed: S3 by a put with ``If-None-Match: *``,
GCS by its generation. Where a store cannot do that in one step, it is looked first and read again
after, and of two that begin in the same moment both may go on. The holder renews its file. One that
is silent for a minute, or whose process on this machine is gone, has lost the lease; if it comes
back, it finds that out and writes nothing more.
"""

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil

from scaling.records.storage.copies import LEASE, give_up, take_up
from scaling.records.storage.places import url_of
from scaling.records.storage.stores import StoreError, store_at

RENEW_S = 10.0
STALE_AFTER_S = 60.0
DIGITS = 6
_own: set[str] = set()  # tokens of the leases that this process holds


class Taken(Exception):
    """Another process holds the lease; the message says which."""


class Lease:
    """This process's lease on ``folder``, a copy of what is at a store."""

    def __init__(self, folder: Path):
        self.folder = folder
        url = url_of(folder)
        assert url is not None
        self.url = f"{url}/{LEASE}"
        self.store = store_at(url)
        self.number = 0
        self._token = uuid.uuid4().hex
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True, name="lease")

    def acquire(self, timeout: float = 0.0) -> None:
        """Take the lease, and renew it until ``release``. Taken where another process holds it for
        ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        _own.add(self._token)  # before others of this process may find it
        try:
            while (who := self._try()) is not None:
                if time.monotonic() > deadline:
                    raise Taken(who)
                time.sleep(0.5)
        except BaseException:
            _own.discard(self._token)
            raise
        take_up(self.folder)
        self._thread.start()

    def release(self) -> None:
        """Let it go. A store that does not answer lets it go a minute later."""
        self._ended.set()
        self._thread.join()
        _own.discard(self._token)
        with contextlib.suppress(StoreError):
            if not self._is_lost():
                self.store.put(self._place(self.number), self._content(released=True), patience=0.0)

    def _try(self) -> str | None:
        """None where the lease is this process's now, else who holds it."""
        last = self._last()
        if last and (who := _holder(self.store.read(self._place(last)))):
            return who
        if not self.store.create(self._place(last + 1), self._content()):
            return "another process that began just now"
        self.number = last + 1
        if not self.store.kind.creates_in_one_step and not self._is_own():
            return "another process that began just now"
        self.store.remove(self._place(n) for n in self._numbers() if n < self.number)
        return None

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_S):
            # A store that is away is asked again with the next beat; what must be written meanwhile
            # fails by itself.
            with contextlib.suppress(StoreError):
                if self._is_lost():
                    give_up(self.folder)
                    return
                self.store.put(self._place(self.number), self._content(), patience=0.0)

    def _is_lost(self) -> bool:
        return self._last(patience=0.0) > self.number

    def _is_own(self) -> bool:
        content = self.store.read(self._place(self.number))
        return content is not None and json.loads(content)["token"] == self._token

    def _last(self, patience: float | None = None) -> int:
        return max(self._numbers(patience), default=0)

    def _numbers(self, patience: float | None = None) -> list[int]:
        names = self.store.listing(self.url, patience)
        return [int(name.removesuffix(".json")) for name in names if name[:DIGITS].isdigit()]

    def _place(self, number: int) -> str:
        return f"{self.url}/{number:0{DIGITS}}.json"

    def _content(self, released: bool = False) -> bytes:
        return json.dumps(
            {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "token": self._token,
                "renewed": time.time(),
                "released": released,
            }
        ).encode()


@contextlib.contextmanager
def held(folder: Path, timeout: float = 0.0) -> Iterator[None]:
    """While entered, the lease on ``folder`` is this process's, where it is a copy of what is at a
    store. Taken where another process holds it for ``timeout`` seconds.
    """
    if url_of(folder) is None:
        yield
        return
    lease = Lease(folder)
    lease.acquire(timeout)
    try:
        yield
    finally:
        lease.release()


def _holder(content: bytes | None) -> str | None:
    """Who holds a lease with this content; None where nobody does any more."""
    try:
        held = json.loads(content or b"{}")
        gone = held.get("released", True) or time.time() - held["renewed"] > STALE_AFTER_S
        pid, host = held.get("pid"), held.get("host")
    except (ValueError, KeyError, TypeError, AttributeError):  # nothing of ours
        return None
    if gone or (host == socket.gethostname() and not _lives(pid, held.get("token"))):
        return None
    return f"process {pid} on {host}"


def _lives(pid: int, token: str) -> bool:
    """Whether the process on this machine is there; of this process, whether it still holds the
    lease, which a store that was away may not have heard.
    """
    return token in _own if pid == os.getpid() else psutil.pid_exists(pid)
