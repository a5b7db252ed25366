"""Reads and writes files so that no reader sees half of one: temporary name, flush, rename. Of
results at a URL each write goes to the store, too.
"""

import contextlib
import errno
import fcntl
import io
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from scaling.records.aside import written_aside
from scaling.records.storage.copies import written

_ASIDE = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")  # the name of a file until it is whole


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a rename in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes, sends: bool = True) -> None:
    """Write ``data`` to ``path`` atomically; missing folders are made.

    A device or a pipe is written to as it is. OSError names ``path``, or its URL where the store
    does not take it. Without ``sends`` it goes there with a later write.
    """
    with written(path, sends), named(path):
        if path.exists() and not path.is_file():
            with open(path, "wb", buffering=0) as file:
                file.write(data)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        while not written_aside(path, data):
            pass
        sync_folder(path.parent)


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """While entered, a write that fails raises an OSError that names ``path``, also where torch or
    safetensors write, which tell no file.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    except (RuntimeError, SafetensorError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        text = f"cannot be written ({why}); is there room on the disk?"
        raise OSError(errno.EIO, text, str(path)) from error


def sweep_up(folder: Path) -> None:
    """Remove what writers left in ``folder`` and below that were killed: the kernel released the
    locks on their files.
    """
    for path in folder.rglob(".*.tmp"):
        if _ASIDE.fullmatch(path.name):
            with contextlib.suppress(OSError), open(path, "r+b") as file:  # in use, or gone by now
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def write_json(path: Path, value, sends: bool = True) -> None:
    """Write ``value`` as JSON atomically; ``sends`` as in ``write_bytes``."""
    write_bytes(path, json_bytes(value), sends)


def json_bytes(value) -> bytes:
    """``value`` as a file of JSON. NaN and infinity are refused: a missing number is null."""
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write named arrays as a compressed .npz atomically."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # names are never its options
    write_bytes(path, buffer.getvalue())


def read_bytes(path: Path | str) -> bytes:
    """The content of the file ``path``. Without Python's buffer it takes two thirds of the
    time.
    """
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def append_line(path: Path, value) -> None:
    """Append ``value`` as one JSON line. A line that a kill left unfinished is ended first. It goes
    to a store with the next ``storage.copies.send``.
    """
    line = _line(value)
    with written(path, sends=False), open(path, "a+b") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)


def write_lines(path: Path, values: Iterable) -> None:
    """Write ``values`` as JSON lines atomically."""
    write_bytes(path, b"".join(_line(value) for value in values))


def _line(value) -> bytes:
    return json.dumps(value, allow_nan=False).encode() + b"\n"


def whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file of JSON lines with their numbers, from 1; none where there is no file.

    Passed over are empty lines, those that a kill cut short, and those of zero bytes, which a crash
    of the machine leaves.
    """
    try:
        content = read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    for number, line in enumerate(content.split(b"\n"), 1):
        cut = line.startswith(b"{") and not line.endswith(b"}")
        if not cut and line.strip(b"\0 \t\r"):
            yield number, line
