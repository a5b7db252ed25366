"""What was logged at each step of many trainings? Reads their ``curve.jsonl``, many files at once.

Polars parses whole files. What it cannot read, such as a line that a kill cut short, the ledger
reads.
"""

import glob
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from analysis.frames.columns import OF_LINE
from scaling.records import Run
from scaling.records.parsed import Unreadable

FILES = 50  # in a batch: 15 MB of thousand lines each, which bounds the memory
AHEAD = 3  # batches that are being read, or were read and not used yet
LINES = {"run": pl.UInt32} | OF_LINE
EACH = ("step", "images", "train_wall_s")  # that every line has

# the lines of a batch, and the faults of the files of each run that has any
Read = tuple[pl.DataFrame, dict[int, list[Unreadable]]]


def curve_lines(
    runs: Sequence[Run], pool: ThreadPoolExecutor, before: Callable[[Run], None]
) -> Iterator[tuple[range, pl.DataFrame, dict[int, list[Unreadable]]]]:
    """The lines of ``runs`` in batches: the indices of a batch's runs, a frame with columns LINES,
    sorted by ``run``, the index, and ``step``, and the faults of the files that have any.

    ``before`` is called with each run before its file is opened. Batches are read in ``pool`` while
    the caller uses those before. As in ``Run.curve``, the later line counts where a resumed
    training measured a step again, and a last line that a kill cut short is passed over; so is a
    line that no training logged, which is among the faults.
    """
    reading = deque()
    for first in range(0, len(runs), FILES):
        batch = range(first, min(first + FILES, len(runs)))
        for i in batch:
            before(runs[i])
        reading.append((batch, pool.submit(_read, [(i, runs[i]) for i in batch])))
        if len(reading) > AHEAD:
            numbers, lines = reading.popleft()
            yield numbers, *lines.result()
    for numbers, lines in reading:
        yield numbers, *lines.result()


def _read(runs: Sequence[tuple[int, Run]]) -> Read:
    """The lines of a batch of numbered ``runs``."""
    try:
        return _ordered(_scanned(runs)), {}
    except (pl.exceptions.PolarsError, OSError):  # in some file is a line that was never logged
        faults: dict[int, list[Unreadable]] = {}
        return _ordered(pl.concat([_alone(i, run, faults) for i, run in runs])), faults


def _scanned(runs: Sequence[tuple[int, Run]]) -> pl.DataFrame:
    """The lines of ``runs`` as polars reads them, file by file. A file that is not there has none.

    PolarsError where a line is no JSON object, or lacks what each has, or holds another type.
    """
    number_of = {path: i for i, run in runs if os.path.exists(path := _path(run))}
    if not number_of:
        return pl.DataFrame(schema=LINES)
    # polars would expand a path with brackets or stars
    paths = [glob.escape(path) for path in number_of]
    lines = pl.scan_ndjson(paths, schema=OF_LINE, include_file_paths="path").collect()
    run = lines["path"].replace_strict(number_of, return_dtype=pl.UInt32).alias("run")
    if any(lines[name].null_count() or (lines[name] < 0).any() for name in EACH):
        raise pl.exceptions.ComputeError("a line lacks what each has")
    return lines.drop("path").insert_column(0, run).rechunk()


def _alone(i: int, run: Run, faults: dict[int, list[Unreadable]]) -> pl.DataFrame:
    """The lines of one run: by polars if every line is whole, else by the ledger."""
    try:
        return _scanned([(i, run)])
    except (pl.exceptions.PolarsError, OSError):
        unreadable: list[Unreadable] = []
        rows = [
            {"run": i} | {name: line.get(name) for name in OF_LINE}
            for line in run.curve(unreadable)
        ]
        if unreadable:
            faults[i] = unreadable
        return pl.DataFrame(rows, schema=LINES)


def _path(run: Run) -> str:
    return f"{run.folder}/curve.jsonl"


def _ordered(lines: pl.DataFrame) -> pl.DataFrame:
    """``lines`` by run and step, the last of each: as a training that never stopped logs them."""
    run, step = lines["run"].to_numpy(), lines["step"].to_numpy()
    if not ((run[1:] == run[:-1]) & (step[1:] <= step[:-1])).any():
        return lines
    return lines.unique(["run", "step"], keep="last", maintain_order=True).sort("run", "step")
