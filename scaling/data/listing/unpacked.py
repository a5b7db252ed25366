"""Where is a compressed tar once it is unpacked? In the cache, since only there its images can be
read in any order. What is no compressed file is where it is.
"""

import bz2
import contextlib
import functools
import gzip
import lzma
import os
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pyarrow as pa
from filelock import FileLock

from scaling.records.cache import CACHE_VARIABLE, cache_folder
from scaling.records.disk import check_room
from scaling.study.specs.identity import identity


def _zstd(path: Path) -> IO[bytes]:
    return pa.input_stream(str(path), compression="zstd")


# first bytes -> what reads the rest
READERS: dict[bytes, Callable[[Path], IO[bytes]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
    b"\x28\xb5\x2f\xfd": _zstd,
}
PIECE = 1 << 24  # bytes at a time
SPARE = 1 << 30  # bytes that stay free on the cache's disk
# More than images and their headers ever shrink by; what unpacks to more than that is a bomb
MOST_TIMES, MOST_TIMES_FROM = 100, 1 << 28
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException)


def plain(path: Path) -> Path:
    """The tar at ``path``, or what it unpacks to, which is kept in the cache.

    ValueError for one that is damaged, or for which there is no room.
    """
    at = path.stat()
    return Path(_plain(str(path.resolve()), at.st_size, at.st_mtime_ns))


@functools.lru_cache(maxsize=4096)
def _plain(path: str, size: int, changed: int) -> str:
    with open(path, "rb") as file:
        begin = file.read(max(map(len, READERS)))
    read = next((read for magic, read in READERS.items() if begin.startswith(magic)), None)
    if read is None:
        return path
    made = cache_folder("tars") / f"{identity([path, size, changed])}.tar"
    if made.exists():
        return str(made)
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{made}.lock"):  # one of several processes unpacks it
            if not made.exists():
                _unpack(Path(path), size, read, made)
    except OSError as error:
        raise ValueError(
            f"{path} cannot be unpacked into {made.parent} ({error.strerror or error}); unpack it "
            f"to a .tar, or set ${CACHE_VARIABLE} to a folder with room"
        ) from None
    return str(made)


def _unpack(path: Path, size: int, read: Callable[[Path], IO[bytes]], made: Path) -> None:
    handle, aside = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=made.parent)
    try:
        with os.fdopen(handle, "wb") as out, read(path) as packed:
            while piece := _piece(path, packed):
                out.write(piece)
                written = out.tell()
                if written > max(MOST_TIMES_FROM, MOST_TIMES * size):
                    raise ValueError(
                        f"{path} has {size / 1e6:.3g} MB and unpacks to more than {MOST_TIMES} "
                        "times that, as no images do; get it again"
                    )
                check_room(
                    f"{path} unpacks to more than {written / 1e9:.2f} GB, and takes another",
                    PIECE + SPARE,
                    made,
                    f"set ${CACHE_VARIABLE} to a folder with room, or unpack it yourself",
                )
        os.replace(aside, made)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside)


def _piece(path: Path, packed: IO[bytes]) -> bytes:
    try:
        return packed.read(PIECE)
    except DAMAGED as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path} is damaged ({why}); get it again") from None
