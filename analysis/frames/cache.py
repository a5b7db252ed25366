"""Caches the tables of a study as Parquet beside its records, and detects which runs changed.

``STUDY/.frames/index.json`` names the tables and holds a signature of every training: names, sizes
and times of change of its files. A training is read again when its signature differs, when it is
running, since its state then depends on the clock, and when it changed within the last seconds,
where the clock's resolution may hide another change. Another plan or other code reads everything
again. The index is renamed into place last, so that a reader never mixes tables of two times.

Large tables are written in a thread once the caller has its frame; the process waits for the thread
before it ends. With ten million steps the caller has its frame a second sooner.
"""

import contextlib
import functools
import gc
import hashlib
import os
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

import polars as pl
from pydantic import StringConstraints, with_config
from typing_extensions import TypedDict

from analysis.frames.columns import TABLES
from analysis.frames.sources import code_id
from analysis.frames.tables import in_order, read_tables
from scaling.records import Run, StudyFolder
from scaling.records.files import write_json
from scaling.records.parsed import STRICT, Shape, Unreadable

UNSETTLED_S = 2.0  # a training whose files changed within these seconds may change unseen
LARGE = 1_000_000  # logged steps; tables with fewer are written in less than a tenth of a second


@with_config(STRICT)
class Index(TypedDict):
    """``index.json``: which tables these are, of which plan, code and trainings."""

    code: str
    plan: list[int | str]
    stamp: Annotated[str, StringConstraints(pattern="^[0-9a-f]+$")]
    trainings: dict[str, str | None]  # train_id -> signature; None: to be read again


INDEX: Shape[Index] = Shape(Index, "the tables are made anew")
_writing: dict[Path, threading.Thread] = {}


@contextlib.contextmanager
def tables_of(study: StudyFolder, *names: str) -> Iterator[list[pl.DataFrame]]:
    """The tables ``names`` of TABLES, from Parquet where that is still true; they are cached when
    the ``with`` block is left.

    Where the results folder cannot be written to, a warning says so and the records are read anew
    each time.
    """
    wait_until_kept(study)
    with _no_garbage():
        tables, keep = _load(study, names)
    yield [tables[name] for name in names]
    if keep and len(tables["curves"]) < LARGE:
        keep()
    elif keep:
        thread = _writing[study.folder.absolute()] = threading.Thread(target=keep)
        thread.start()


def wait_until_kept(study: StudyFolder) -> None:
    """Wait until the tables of ``study`` that this process has read are on disk. To be called
    before the study's folder is moved or deleted.
    """
    if thread := _writing.pop(study.folder.absolute(), None):
        thread.join()


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """Switch the garbage collector off inside the block: everything built there is kept, and
    searching it for cycles takes a sixth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _load(
    study: StudyFolder, names: tuple[str, ...]
) -> tuple[dict[str, pl.DataFrame], Callable[[], None] | None]:
    """The tables, and a function that caches them; None where nothing is to be cached."""
    folder, plan = study.folder / ".frames", _stamp(study.folder / "study.json")
    index = _index(folder, plan)
    if index is not None:
        before = index["trainings"]
        now = {train_id: signature(study.run(train_id)) for train_id in before}
        changed = {
            train_id for train_id, was in before.items() if was is None or was != now[train_id]
        }
        cached = _cached(folder, index["stamp"], tuple(TABLES) if changed else names)
        if cached and not changed:
            return cached, None
        if cached:
            tables = _updated(cached, read_tables(study, study.plan(), changed))
            settled = _settled(tables, now)
            is_worth_it = any(settled[train_id] is not None for train_id in changed)
            keep = functools.partial(_keep, folder, tables, plan, settled)
            return tables, keep if is_worth_it else None
    now = {}
    tables = read_tables(
        study, study.plan(), before=lambda run: now.update({run.folder.name: signature(run)})
    )
    return tables, functools.partial(_keep, folder, tables, plan, _settled(tables, now))


def signature(run: Run) -> str | None:
    """A hash of the names, times of change and sizes of a training's files; None where one of them
    changed within the last UNSETTLED_S.
    """
    newest, files = 0, []
    for folder in (f"{run.folder}", f"{run.folder}/evaluations"):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.endswith((".json", ".jsonl")):
                        stat = entry.stat()
                        newest = max(newest, stat.st_mtime_ns)
                        files.append((entry.name, stat.st_mtime_ns, stat.st_size))
        except FileNotFoundError:  # not begun, or not measured yet
            files.append(())
    if newest > time.time_ns() - UNSETTLED_S * 1e9:
        return None
    return hashlib.blake2b(repr(sorted(files)).encode(), digest_size=8).hexdigest()


def _index(folder: Path, plan: list | None) -> Index | None:
    """The index, if this code made it from this plan; None if there is no such index."""
    try:
        index = INDEX.read(folder / "index.json")
    except Unreadable:  # the tables are made anew
        return None
    made_here = index and plan and index["code"] == code_id() and index["plan"] == plan
    return index if made_here else None


def _cached(folder: Path, stamp: str, names: Iterable[str]) -> dict[str, pl.DataFrame] | None:
    """The cached tables ``names``; None where one is missing or damaged."""
    try:
        tables = {name: pl.read_parquet(folder / f"{name}-{stamp}.parquet") for name in names}
    except (OSError, pl.exceptions.PolarsError):
        return None
    return tables if all(tables[name].schema == TABLES[name] for name in names) else None


def _stamp(path: Path) -> list | None:
    """Time of change, size and hash of a file; None where there is none."""
    if not path.is_file():
        return None
    stat = path.stat()
    return [
        stat.st_mtime_ns,
        stat.st_size,
        hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest(),
    ]


def _updated(
    cached: dict[str, pl.DataFrame], read: dict[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """The ``cached`` tables with the rows of the trials in ``read`` replaced by those."""
    places = read["trials"]["trial"]
    return {
        name: in_order(
            pl.concat([table.filter(~pl.col("trial").is_in(places.implode())), read[name]])
        )
        for name, table in cached.items()
    }


def _settled(tables: dict[str, pl.DataFrame], now: dict[str, str | None]) -> dict[str, str | None]:
    """The signatures ``now``, without those of running trainings: their state changes when their
    process falls silent, which no file shows.
    """
    running = tables["trials"].filter(pl.col("state") == "running")["train_id"]
    return now | dict.fromkeys(running, None)


def _keep(
    folder: Path, tables: dict[str, pl.DataFrame], plan: list, trainings: dict[str, str | None]
) -> None:
    """Write the tables under a new stamp, then the index, and delete the tables before."""
    stamp = uuid.uuid4().hex[:8]
    try:
        folder.mkdir(exist_ok=True)
        for name, table in tables.items():
            table.write_parquet(
                folder / f"{name}-{stamp}.parquet", compression="uncompressed", statistics=False
            )
        write_json(
            folder / "index.json",
            {"code": code_id(), "plan": plan, "stamp": stamp, "trainings": trainings},
        )
        for path in folder.glob("*.parquet"):
            if not path.stem.endswith(stamp):
                path.unlink(missing_ok=True)
    except OSError as error:
        warnings.warn(
            f"the tables of {folder.parent} are not kept for the next time: {error}", stacklevel=2
        )
