"""What of a study was read before, and is it still so? Its tables as Parquet beside the records,
renewed run by run.

``STUDY/.frames/index.json`` names the tables and says, of every training, when its files were last
changed and how large they are. A training of which that differs is read again, and so is one that
is running, whose state depends on the clock, and one that was changed within the last seconds, when
a clock's tick may hide a change. Another plan, or other code, reads all again. The index is renamed
into place last: a reader never sees tables of two times.

Large tables are written when who asked has its frame, in a thread that the process waits for before
it ends: of ten million steps the frame is there a second sooner.
"""

import contextlib
import functools
import gc
import hashlib
import json
import os
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

import scaling.records
import scaling.study
from analysis.frames.tables import TABLES, in_order, read_tables
from scaling.records import Run, StudyFolder
from scaling.records.files import write_json

UNSETTLED_S = 2.0  # since the last change of a training's files
LARGE = 1_000_000  # logged steps; of fewer, tables are written in less than a tenth of a second
_writing: dict[Path, threading.Thread] = {}


@contextlib.contextmanager
def no_garbage():
    """Inside, Python does not look for cycles: what is built lives on, and looking through it takes
    a sixth of the time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextlib.contextmanager
def tables_of(study: StudyFolder, *names: str) -> Iterator[list[pl.DataFrame]]:
    """The tables ``names`` of ``frame_tables.TABLES``, from Parquet as far as it is still true;
    kept when this is left.

    A results folder that cannot be written to is read anew each time.
    """
    wait_until_kept(study)
    with no_garbage():
        tables, keep = _load(study, names)
        yield [tables[name] for name in names]
    if keep and len(tables["curves"]) < LARGE:
        keep()
    elif keep:
        thread = _writing[study.folder.absolute()] = threading.Thread(target=keep)
        thread.start()


def wait_until_kept(study: StudyFolder) -> None:
    """Until the tables of ``study`` that this process has read are on disk; before its folder is
    moved or taken away.
    """
    if thread := _writing.pop(study.folder.absolute(), None):
        thread.join()


def _load(
    study: StudyFolder, names: tuple[str, ...]
) -> tuple[dict[str, pl.DataFrame], Callable[[], None] | None]:
    """The tables, and what keeps those that are not on disk yet."""
    folder, plan = study.folder / ".frames", _stamp(study.folder / "study.json")
    index = _index(folder, plan)
    if index is not None:
        before = index["trainings"]
        now = {train_id: signature(study.run(train_id)) for train_id in before}
        changed = {
            train_id for train_id, was in before.items() if was is None or was != now[train_id]
        }
        kept = _kept(folder, index["stamp"], tuple(TABLES) if changed else names)
        if kept and not changed:
            return kept, None
        if kept:
            tables = _renewed(kept, read_tables(study, study.plan(), changed))
            settled = _settled(tables, now)
            worth_it = any(settled[train_id] is not None for train_id in changed)
            return tables, functools.partial(
                _keep, folder, tables, plan, settled
            ) if worth_it else None
    now = {}
    tables = read_tables(
        study, study.plan(), before=lambda run: now.update({run.folder.name: signature(run)})
    )
    return tables, functools.partial(_keep, folder, tables, plan, _settled(tables, now))


def signature(run: Run) -> str | None:
    """Names, times of change and sizes of a training's files; None within UNSETTLED_S of the last
    change.
    """
    newest, told = 0, []
    for folder in (f"{run.folder}", f"{run.folder}/evaluations"):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.endswith((".json", ".jsonl")):
                        at = entry.stat()
                        newest = max(newest, at.st_mtime_ns)
                        told.append((entry.name, at.st_mtime_ns, at.st_size))
        except FileNotFoundError:  # not begun, or not measured yet
            told.append(())
    if newest > time.time_ns() - UNSETTLED_S * 1e9:
        return None
    return hashlib.blake2b(repr(sorted(told)).encode(), digest_size=8).hexdigest()


@functools.cache
def code() -> str:
    """The text of all modules that decide what the tables hold, hashed."""
    sources = [
        *Path(scaling.study.__file__).parent.glob("*.py"),
        *Path(scaling.records.__file__).parent.glob("*.py"),
        *Path(__file__).parent.glob("*.py"),
    ]
    return hashlib.blake2b(
        b"".join(path.read_bytes() for path in sorted(sources)), digest_size=8
    ).hexdigest()


def _index(folder: Path, plan: list | None) -> dict | None:
    """What is kept, where it was made by this code from this plan."""
    try:
        index = json.loads((folder / "index.json").read_text())
    except (OSError, ValueError):  # none, or a damaged one, which is made anew
        return None
    return index if plan and index.get("code") == code() and index.get("plan") == plan else None


def _kept(folder: Path, stamp: str, names) -> dict[str, pl.DataFrame] | None:
    try:
        return {name: pl.read_parquet(folder / f"{name}-{stamp}.parquet") for name in names}
    except (OSError, pl.exceptions.PolarsError):  # taken away or damaged: made anew
        return None


def _stamp(path: Path) -> list | None:
    if not path.is_file():
        return None
    at = path.stat()
    return [
        at.st_mtime_ns,
        at.st_size,
        hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest(),
    ]


def _renewed(
    kept: dict[str, pl.DataFrame], read: dict[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    places = read["trials"]["trial"]
    return {
        name: in_order(
            pl.concat([table.filter(~pl.col("trial").is_in(places.implode())), read[name]])
        )
        for name, table in kept.items()
    }


def _settled(tables: dict[str, pl.DataFrame], now: dict[str, str | None]) -> dict[str, str | None]:
    """Signatures without those of running trainings, whose state a silence of their process
    changes.
    """
    running = tables["trials"].filter(pl.col("state") == "running")["train_id"]
    return now | dict.fromkeys(running, None)


def _keep(
    folder: Path, tables: dict[str, pl.DataFrame], plan: list, trainings: dict[str, str | None]
) -> None:
    stamp = uuid.uuid4().hex[:8]
    try:
        folder.mkdir(exist_ok=True)
        for name, table in tables.items():
            table.write_parquet(
                folder / f"{name}-{stamp}.parquet", compression="uncompressed", statistics=False
            )
        write_json(
            folder / "index.json",
            {"code": code(), "plan": plan, "stamp": stamp, "trainings": trainings},
        )
        for path in folder.glob("*.parquet"):
            if not path.stem.endswith(stamp):
                path.unlink(missing_ok=True)
    except OSError as error:
        warnings.warn(
            f"the tables of {folder.parent} are not kept for the next time: {error}", stacklevel=2
        )
