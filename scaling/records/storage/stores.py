"""Which stores can hold results, and how is one asked? By fsspec, with patience.

A store takes a file whole or not at all: an object of S3 or GCS appears when its upload ends.
"""

import functools
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import datetime
from typing import TypeVar

from scaling.records.storage.kinds import comes_from_the_store, kind_of, opened, refusal
from scaling.study.libraries import first_line

T = TypeVar("T")
PATIENCE = "DIT_SCALING_STORAGE_PATIENCE_S"
PATIENCE_S = 60.0  # for a store that does not answer to come back
CHECK_S = 3.0  # the same where a command begins, and nothing is lost by a refusal
ANSWER_S = 10.0  # for one request then: a server may take it and never answer
AT_ONCE = 64  # files fetched together


# What a store tells of a file that is another whenever the content is.
VERSIONS = ("ETag", "etag", "generation", "md5Hash", "mtime", "created", "LastModified")


class StoreError(OSError):
    """A store did not do what it was asked: ``filename`` is the URL, ``strerror`` why."""

    def __init__(self, url: str, why: str):
        super().__init__(None, why, url)
        self.url, self.why = url, why

    def __reduce__(self):  # it crosses processes
        return type(self), (self.url, self.why)

    def __str__(self) -> str:
        return f"{self.url}: {self.why}"


def patience_s() -> float:
    """Seconds, as $DIT_SCALING_STORAGE_PATIENCE_S says, else PATIENCE_S. ValueError for others."""
    text = os.environ.get(PATIENCE, f"{PATIENCE_S:g}")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{PATIENCE}={text!r} is not a number of seconds")
    return seconds


class Store:
    """The store of one ``scheme``. Places in it are URLs; StoreError tells what it refused."""

    def __init__(self, scheme: str):
        self.scheme, self.kind = scheme, kind_of(scheme)
        self.files = opened(scheme)
        self._gone = False  # it did not answer in time: until it does, it is asked once

    def put(self, url: str, data: bytes, patience: float | None = None) -> str | None:
        """Write the file whole, and return its version."""

        def write() -> str | None:
            self._make_room(url)
            self.files.pipe_file(self._at(url), data)
            return self._version(url)

        return self._asked(url, write, patience)

    def put_file(self, url: str, path: str) -> None:
        """The same, of a file too large to be held in memory."""

        def write() -> None:
            self._make_room(url)
            self.files.put_file(path, self._at(url))

        self._asked(url, write)

    def create(self, url: str, data: bytes, patience: float | None = None) -> bool:
        """Write the file where there is none; False where there is one."""

        def write() -> bool:
            self._make_room(url)
            try:
                self.files.pipe_file(self._at(url), data, mode="create")
            except FileExistsError:
                return False
            return True

        return self._asked(url, write, patience)

    def read(self, url: str, patience: float | None = None) -> bytes | None:
        """The content of the file; None where there is none."""

        def read() -> bytes | None:
            try:
                return self.files.cat_file(self._at(url))
            except FileNotFoundError:
                return None

        return self._asked(url, read, patience)

    def read_all(self, urls: list[str]) -> dict[str, bytes]:
        """The content of many files; those that are gone are left out."""

        def read() -> dict[str, bytes]:
            by_place = {self._at(url): url for url in urls}
            contents = self.files.cat(list(by_place), on_error="return")
            for content in contents.values():
                if isinstance(content, Exception) and not isinstance(content, FileNotFoundError):
                    raise content
            return {
                by_place[place]: content
                for place, content in contents.items()
                if isinstance(content, bytes)
            }

        return self._asked(urls[0], read) if urls else {}

    def get_file(self, url: str, path: str) -> None:
        self._asked(url, lambda: self.files.get_file(self._at(url), path))

    def version(self, url: str, patience: float | None = None) -> str | None:
        """What tells the file's content from another; None where there is no file."""
        return self._asked(url, lambda: self._version(url), patience)

    def listing(self, url: str, patience: float | None = None) -> dict[str, str]:
        """Every file below ``url``, by its path from there, and its version."""

        def look() -> dict[str, str]:
            root = self._at(url)
            try:
                listed = self.files.find(root, detail=True, withdirs=False)
            except FileNotFoundError as error:
                if "bucket" in str(error).lower():
                    raise
                return {}
            return {
                path.removeprefix(root).lstrip("/"): version_of(info)
                for path, info in listed.items()
                if path.startswith(f"{root}/")
            }

        return self._asked(url, look, patience)

    def names(self, url: str, patience: float | None = None) -> list[str]:
        """The names directly below ``url``, of files and of folders."""

        def look() -> list[str]:
            try:
                listed = self.files.ls(self._at(url), detail=False)
            except FileNotFoundError:
                return []
            return sorted({path.rstrip("/").rpartition("/")[2] for path in listed})

        return self._asked(url, look, patience)

    def remove(self, urls: Iterable[str], patience: float | None = None) -> None:
        """Remove files, in their order; those that are gone are passed over."""

        def remove(url: str) -> None:
            try:
                self.files.rm_file(self._at(url))
            except FileNotFoundError:
                pass

        for url in urls:
            self._asked(url, functools.partial(remove, url), patience)

    def _at(self, url: str) -> str:
        return self.files._strip_protocol(url)

    def _version(self, url: str) -> str | None:
        try:
            info = self.files.info(self._at(url))
        except FileNotFoundError:
            return None
        return None if info["type"] == "directory" else version_of(info)

    def _make_room(self, url: str) -> None:
        if self.kind.makes_folders:
            self.files.makedirs(self._at(url).rpartition("/")[0], exist_ok=True)

    def _asked(self, url: str, ask: Callable[[], T], patience: float | None = None) -> T:
        """What ``ask`` returns, asked again for ``patience`` seconds while the store is away."""
        if patience == CHECK_S:
            ask = functools.partial(_within, ANSWER_S, ask)
        patience = patience_s() if patience is None else patience
        deadline = time.monotonic() + (0 if self._gone else patience)
        wait = 0.2
        while True:
            try:
                answer = ask()
            except Exception as error:
                why = refusal(error)
                if why is not None:
                    raise StoreError(url, why) from error
                if not comes_from_the_store(error):
                    raise
                if time.monotonic() + wait > deadline:
                    self._gone = self._gone or patience >= patience_s()
                    why = first_line(error)
                    raise StoreError(
                        url, f"the store does not answer ({why}); go on once it does"
                    ) from error
                time.sleep(wait)
                wait = min(2 * wait, 5.0)
            else:
                self._gone = False
                return answer


def _within(limit_s: float, ask: Callable[[], T]) -> T:
    """What ``ask`` returns or raises; TimeoutError after ``limit_s`` seconds, when it is left alone
    in a thread of its own. Filesystems have no limit of their own that holds for every request.
    """
    ended: Future[T] = Future()

    def run() -> None:
        try:
            ended.set_result(ask())
        except BaseException as error:
            ended.set_exception(error)

    threading.Thread(target=run, daemon=True, name="store").start()
    try:
        return ended.result(limit_s)
    except TimeoutError:
        if ended.done():
            raise
        raise TimeoutError(f"no answer within {limit_s:g} s") from None


def version_of(info: dict) -> str:
    """What tells a file's content from another, of what fsspec says of it."""
    version = next((info[key] for key in VERSIONS if info.get(key) is not None), "")
    if isinstance(version, datetime):  # some stores tell a time in two ways
        version = version.timestamp()
    return f"{info.get('size')}-{version}"


@functools.cache
def _store(scheme: str, process: int) -> Store:
    return Store(scheme)


def store_at(url: str) -> Store:
    """The store of ``url``, one for each process. ValueError where there is none of its scheme."""
    return _store(url.partition("://")[0], os.getpid())
