"""Which version of the store's file is a copy? A note of each says so, and its lock lets one
process of this machine at the file.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scaling.records.storage.places import entry_of


@dataclass
class Note:
    """Which version of the store's file the copy is, and the copy's own inode, size and time."""

    version: str | None = None
    local: list[int] | None = None

    def same(self, path: Path) -> bool:
        """Whether the copy is still what was noted."""
        return self.local == stat(path)


def noted_below(folder: Path) -> list[str]:
    """The paths below ``folder`` of which there is a note."""
    notes = entry_of(folder)
    paths = (path.relative_to(notes).as_posix() for path in notes.rglob("*") if path.is_file())
    return list(paths)


@contextlib.contextmanager
def noted(path: Path) -> Iterator[tuple[Note, Callable[[Note], None]]]:
    """The file's note, and a function that writes another; while entered, its lock is held."""
    entry = entry_of(path)
    entry.parent.mkdir(parents=True, exist_ok=True)
    with open(entry, "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        def keep(note: Note) -> None:
            file.truncate(0)
            file.write(json.dumps([note.version, note.local]).encode())
            file.flush()

        yield _parsed(file), keep


def peek(path: Path) -> Note:
    """The note as it stands, without its lock."""
    try:
        with open(entry_of(path), "rb") as file:
            return _parsed(file)
    except (FileNotFoundError, NotADirectoryError):
        return Note()


def _parsed(file: IO[bytes]) -> Note:
    file.seek(0)
    try:
        version, local = json.loads(file.read())
    except ValueError:  # new, or cut short by a kill: the file counts as not sent
        return Note()
    return Note(version, local)


def stat(path: Path) -> list[int] | None:
    try:
        with open(path, "rb") as file:
            return stat_of(file)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def stat_of(file: IO[bytes]) -> list[int]:
    stat = os.fstat(file.fileno())
    return [stat.st_ino, stat.st_size, stat.st_mtime_ns]
