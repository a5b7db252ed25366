"""How does a file of a copy go to the store, and come from it? Whole, and with a note of which
version the copy is.

The store is the truth. A copy that changed here since the note was written here and is still to be
sent; where the store's file changed too, another machine wrote it later, and the store's is taken.
The lock on a file's note is held while it is written and sent, or taken, so that processes of one
machine do not cross. For an ordinary path everything here does nothing.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scaling.records.aside import written_aside
from scaling.records.storage.notes import Note, noted, noted_below, peek, stat, stat_of
from scaling.records.storage.places import copies, url_of
from scaling.records.storage.stores import AT_ONCE, StoreError, store_at

# Of a copy alone: locks and samples half drawn; and what is hidden, as are files not yet whole and
# tables that are made again.
STAYS = (".lock", ".parts")
FOLDERS = "checkpoints"  # what goes and comes as a whole folder
LEASE = "lease"

_lost: set[str] = set()  # URLs whose lease another process took from this one


@contextlib.contextmanager
def written(path: Path, sends: bool = True) -> Iterator[None]:
    """While entered, ``path`` may be written; at the end it is sent. Without ``sends`` it goes to
    the store with the next that does. StoreError where the store does not take it: the copy is
    written, and sent the next time.
    """
    if url_of(path) is None or _stays(path.relative_to(copies()).parts):
        yield
        return
    with noted(path) as (note, keep):
        yield
        if sends:
            keep(_sent(path, note))


def send(path: Path, patience: float | None = None) -> None:
    """Send the copy, if it changed since it was sent last."""
    if url_of(path) is not None and path.is_file():
        with noted(path) as (note, keep):
            if not note.same(path):
                keep(_sent(path, note, patience))


def remove(path: Path) -> None:
    """Remove the file at the store, and then here."""
    if (url := url_of(path)) is None:
        path.unlink(missing_ok=True)
        return
    with noted(path) as (_, keep):
        check_held(url)
        store_at(url).remove([url])
        path.unlink(missing_ok=True)
        keep(Note())


def move(path: Path, new: Path) -> None:
    """Rename a file, which the store has under its new name before it loses the old one."""
    if url_of(path) is None:
        os.rename(path, new)
        return
    with written(new):
        os.rename(path, new)
    remove(path)


def refresh(path: Path, patience: float | None = None) -> None:
    """Take the file from the store, where another machine wrote it."""
    if (url := url_of(path)) is None:
        return
    store = store_at(url)
    before = peek(path)
    version = store.version(url, patience)
    if version is None:
        _drop(path, before)
    elif version != before.version or not path.exists():
        content = store.read(url, patience)
        if content is not None:
            _take(path, content, version, before)


def pull(
    folder: Path,
    wanted: Callable[[str], bool] = lambda name: True,
    patience: float | None = None,
) -> None:
    """Take from the store what changed below ``folder``, and drop what is gone there; ``wanted`` is
    asked of each path from there. Checkpoints come when they are needed. ``patience`` is for the
    first answer.
    """
    if (url := url_of(folder)) is None:
        return
    store = store_at(url)
    before = {
        name: peek(folder / name) for name in noted_below(folder) if _travels(name) and wanted(name)
    }
    there = {
        name: version
        for name, version in store.listing(url, patience).items()
        if _travels(name) and wanted(name)
    }
    changed = [
        name
        for name, version in there.items()
        if before.get(name, Note()).version != version or not (folder / name).exists()
    ]
    for start in range(0, len(changed), AT_ONCE):
        names = {f"{url}/{name}": name for name in changed[start : start + AT_ONCE]}
        for place, content in store.read_all(list(names)).items():
            name = names[place]
            _take(folder / name, content, there[name], before.get(name, Note()))
    for name, note in before.items():
        if name not in there:
            _drop(folder / name, note)


def send_changed(folder: Path) -> None:
    """Send what was written below ``folder`` and is not at the store, unless another machine wrote
    it since.
    """
    if (url := url_of(folder)) is None or not folder.is_dir():
        return
    store = store_at(url)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not _travels(name) or not path.is_file() or peek(path).same(path):
            continue
        with noted(path) as (note, keep):
            if not note.same(path) and store.version(f"{url}/{name}") == note.version:
                keep(_sent(path, note))


def give_up(folder: Path) -> None:
    """Send nothing below ``folder`` any more from this process: another one works on it."""
    if url := url_of(folder):
        _lost.add(url)


def take_up(folder: Path) -> None:
    """The opposite: this process works on it again."""
    _lost.discard(url_of(folder) or "")


def check_held(url: str) -> None:
    if any(url.startswith(f"{lost}/") for lost in _lost):
        raise StoreError(url, "another process took this work over; nothing more is written")


def _sent(path: Path, note: Note, patience: float | None = None) -> Note:
    """Put the copy at the store, and note it. Its lock is held."""
    url = url_of(path)
    assert url is not None
    check_held(url)
    with open(path, "rb") as file:
        stat = stat_of(file)
        content = file.read(stat[1])  # whole lines, where one is being appended
    return Note(store_at(url).put(url, content, patience), stat)


def _take(path: Path, content: bytes, version: str, before: Note) -> None:
    """Make the copy the store's, unless a process of this machine sent or took it since
    ``before``, or wrote it while the store's stayed as it was.
    """
    with noted(path) as (note, keep):
        written_here = path.exists() and not note.same(path)
        if note != before or (written_here and note.version == version):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        while not written_aside(path, content):
            pass
        keep(Note(version, stat(path)))


def _drop(path: Path, before: Note) -> None:
    """Remove a copy that is gone at the store, unless it was sent since ``before``, or never."""
    with noted(path) as (note, keep):
        if note == before and note.version is not None:
            path.unlink(missing_ok=True)
            keep(Note())


def _stays(parts: Sequence[str]) -> bool:
    return any(part.endswith(STAYS) or part.startswith(".") for part in parts)


def _travels(name: str) -> bool:
    """Whether the file goes to the store, and comes from it, by itself."""
    parts = name.split("/")
    return (
        not _stays(parts)
        and FOLDERS not in parts[:-1]
        and LEASE not in parts[:-1]
        and parts[-1] != "lock"
    )
