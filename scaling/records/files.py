"""Reads and writes files so that no reader sees half of one: temporary name, flush, rename."""

import io
import json
import os
import uuid
from pathlib import Path

import numpy as np


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a rename in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically; missing folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with open(aside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_json(path: Path, value) -> None:
    """Write ``value`` as JSON atomically."""
    write_bytes(path, json_bytes(value))


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


def read_json(path: Path | str):
    """The JSON in ``path``, or None where there is no such file. ValueError names a file that is
    not JSON.
    """
    try:
        text = read_bytes(path)
    # The second: a file stands where a folder was named.
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return _DECODER.decode(text.decode())
    except ValueError as error:
        raise ValueError(
            f"{path} is not valid JSON ({error}); delete it to measure it again"
        ) from None


def _no_number(word: str):
    raise ValueError(f"{word} is no number; a missing one is null")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def append_line(path: Path, value) -> None:
    """Append ``value`` as one JSON line. A line that a kill left unfinished is ended first."""
    line = json.dumps(value, allow_nan=False).encode() + b"\n"
    with open(path, "a+b") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)


def read_lines(path: Path) -> list[dict]:
    """The JSON lines of ``path``; none where there is no such file.

    Lines that a kill cut short are passed over, and so are lines of zero bytes, which a crash of
    the machine leaves. ValueError where a line holds anything else.
    """
    if not path.exists():
        return []
    rows = []
    for line in path.read_bytes().split(b"\n"):
        if line.startswith(b"{") and line.endswith(b"}"):
            try:
                rows.append(json.loads(line, parse_constant=_no_number))
            except ValueError as error:
                raise _no_json(path, line, error) from None
        elif not line.startswith(b"{") and line.strip(b"\0 \t\r"):
            raise _no_json(path, line, "no object")
    return rows


def _no_json(path: Path, line: bytes, why) -> ValueError:
    return ValueError(
        f"{path} holds a line that is not valid JSON ({why}): "
        f"{line[:80].decode(errors='replace')}; take the "
        "line out"
    )
