"""What was logged at each step of many trainings? Their ``curve.jsonl`` parsed by polars, many
files at once.

The files of a batch are parsed as one text: opening and parsing each by itself costs more than its
lines do.
"""

import io
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from scaling.records import Run

LINE = {
    "step": pl.Int64,
    "images": pl.Int64,
    "loss": pl.Float64,
    "heldout_loss": pl.Float64,
    "heldout_mse": pl.Float64,
    "heldout_ema": pl.String,
    "heldout_bins": pl.List(pl.Float64),
    "grad_norm": pl.Float64,
    "images_per_s": pl.Float64,
    "mfu": pl.Float64,
    "train_wall_s": pl.Float64,
}
FILES = 50  # parsed at once: some 15 MB, beside which what each batch costs by itself is little
AHEAD = 3  # batches read and not used yet
_NEWLINE = ord("\n")


def curve_lines(
    runs: Sequence[Run], pool: ThreadPoolExecutor, before: Callable[[Run], None]
) -> Iterator[tuple[range, pl.DataFrame]]:
    """Batches of ``runs`` by index, each with its lines: ``run``, that index, and LINE; by run,
    then step.

    Files are read here, where they need not wait for Python, each when ``before`` was called with
    its run, and parsed in ``pool`` while the caller uses those before. As ``Run.curve``: where a
    resumed training measured a step again the later line counts, and a line that a kill cut short
    is passed over. ValueError names a file that holds anything else.
    """
    parsing, idle = deque(), [_Text() for _ in range(AHEAD + 1)]
    for first in range(0, len(runs), FILES):
        batch, text = runs[first : first + FILES], idle.pop()
        text.read(batch, before)
        parsing.append(
            (range(first, first + len(batch)), text, pool.submit(_lines, batch, first, text))
        )
        if not idle:
            numbers, text, parsed = parsing.popleft()
            lines = parsed.result()
            idle.append(text)
            yield numbers, lines
    for numbers, _, parsed in parsing:
        yield numbers, parsed.result()


class _Text:
    """The curves of several runs as one text, in memory that a later batch uses again: fresh memory
    costs as much as to read the files.
    """

    def __init__(self):
        self.buffer = io.BytesIO()
        self.counts: list[int] = []  # lines of each run

    def read(self, runs: Sequence[Run], before: Callable[[Run], None] = lambda run: None) -> None:
        """Take the place of what was there. A file that is not there has no lines; each ends with a
        whole one.
        """
        paths, sizes = [f"{run.folder}/curve.jsonl" for run in runs], []
        for run, path in zip(runs, paths):
            before(run)
            sizes.append(os.path.getsize(path) if os.path.exists(path) else 0)
        self.buffer.seek(sum(sizes) + len(sizes))  # one more each, for a last line without its end
        self.buffer.write(b" ")
        end, self.counts = 0, []
        with self.buffer.getbuffer() as whole:
            for path, size in zip(paths, sizes):
                begin = end
                if size:
                    with open(path, "rb", buffering=0) as file:
                        end += file.readinto(whole[begin : begin + size])
                    if whole[end - 1] != _NEWLINE:
                        whole[end] = _NEWLINE
                        end += 1
                self.counts.append(
                    np.count_nonzero(np.frombuffer(whole[begin:end], np.uint8) == _NEWLINE)
                )
        self.buffer.truncate(end)
        self.buffer.seek(0)


def _lines(runs: Sequence[Run], first: int, text: _Text) -> pl.DataFrame:
    try:
        lines = _parsed(text, first)
    except _Unreadable:  # one file at least has a line cut short; which, is found out one by one
        lines = pl.concat([_one(run, place) for place, run in enumerate(runs, first)])
    if lines["step"].null_count():
        at = lines["run"].filter(lines["step"].is_null())[0]
        raise ValueError(
            f"{runs[at - first].folder / 'curve.jsonl'} holds a line without a step; take the line "
            "out"
        )
    return _ordered(lines)


def _one(run: Run, place: int) -> pl.DataFrame:
    text = _Text()
    text.read([run])
    try:
        return _parsed(text, place)
    except _Unreadable:
        return pl.DataFrame(
            [{"run": place} | {name: line.get(name) for name in LINE} for line in run.curve()],
            schema={"run": pl.UInt32} | LINE,
        )


class _Unreadable(ValueError):
    """A text in which not every line is JSON."""


def _parsed(text: _Text, first: int) -> pl.DataFrame:
    """The lines of ``text``, whose runs are numbered from ``first``."""
    if not any(text.counts):
        return pl.DataFrame(schema={"run": pl.UInt32} | LINE)
    try:
        lines = pl.read_ndjson(text.buffer, schema=LINE).rechunk()
    except pl.exceptions.ComputeError as error:
        raise _Unreadable from error
    if len(lines) != sum(text.counts):  # an empty line
        raise _Unreadable
    run = np.repeat(np.arange(first, first + len(text.counts), dtype=np.uint32), text.counts)
    return lines.insert_column(0, pl.Series("run", run))


def _ordered(lines: pl.DataFrame) -> pl.DataFrame:
    """By run and step, the last of each: as a training that was never resumed logs them."""
    run, step = lines["run"].to_numpy(), lines["step"].to_numpy()
    if not ((run[1:] == run[:-1]) & (step[1:] <= step[:-1])).any():
        return lines
    return lines.unique(["run", "step"], keep="last", maintain_order=True).sort("run", "step")
