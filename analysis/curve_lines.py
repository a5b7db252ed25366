"""What was logged at each step of many trainings? Their ``curve.jsonl`` parsed by polars, many files at once.

The files of a batch are parsed as one text: opening and parsing each by itself costs more than its lines do.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from scaling.records import Run
from scaling.records.files import read_bytes

LINE = {"step": pl.Int64, "images": pl.Int64, "loss": pl.Float64, "heldout_loss": pl.Float64, "heldout_mse": pl.Float64,
        "heldout_ema": pl.String, "heldout_bins": pl.List(pl.Float64), "grad_norm": pl.Float64, "images_per_s": pl.Float64,
        "mfu": pl.Float64, "train_wall_s": pl.Float64}
FILES = 50  # parsed at once: some 15 MB, beside which what each batch costs by itself is little
AHEAD = 3   # batches read and not used yet


def curve_lines(runs: Sequence[Run], pool: ThreadPoolExecutor,
                before: Callable[[Run], None]) -> Iterator[tuple[range, pl.DataFrame]]:
    """Batches of ``runs`` by index, each with its lines: ``run``, that index, and LINE; by run, then step.

    Files are read here, where they need not wait for Python, each when ``before`` was called with its run, and parsed in
    ``pool`` while the caller uses those before. As ``Run.curve``: where a resumed training measured a step again the later
    line counts, and a line that a kill cut short is passed over. ValueError names a file that holds anything else.
    """
    parsing = deque()
    for first in range(0, len(runs), FILES):
        batch, texts = runs[first:first + FILES], []
        for run in batch:
            before(run)
            texts.append(_text(run))
        parsing.append((range(first, first + len(batch)), pool.submit(_lines, batch, first, texts)))
        if len(parsing) > AHEAD:
            numbers, parsed = parsing.popleft()
            yield numbers, parsed.result()
    for numbers, parsed in parsing:
        yield numbers, parsed.result()


def _text(run: Run) -> tuple[bytes, int]:
    """The curve of ``run`` and the number of its lines."""
    try:
        text = read_bytes(f"{run.folder}/curve.jsonl")
    except FileNotFoundError:  # not begun
        return b"", 0
    if text and not text.endswith(b"\n"):
        text += b"\n"
    return text, np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n"))


def _lines(runs: Sequence[Run], first: int, texts: list[tuple[bytes, int]]) -> pl.DataFrame:
    try:
        lines = _parsed(texts, first)
    except _Unreadable:  # one file at least has a line cut short; which, is found out one by one
        lines = pl.concat([_one(run, place, text) for place, (run, text) in enumerate(zip(runs, texts), first)])
    if lines["step"].null_count():
        at = lines["run"].filter(lines["step"].is_null())[0]
        raise ValueError(f"{runs[at - first].folder / 'curve.jsonl'} holds a line without a step; take the line out")
    return _ordered(lines)


def _one(run: Run, place: int, text: tuple[bytes, int]) -> pl.DataFrame:
    try:
        return _parsed([text], place)
    except _Unreadable:
        return pl.DataFrame([{"run": place} | {name: line.get(name) for name in LINE} for line in run.curve()],
                            schema={"run": pl.UInt32} | LINE)


class _Unreadable(ValueError):
    """A text in which not every line is JSON."""


def _parsed(texts: list[tuple[bytes, int]], first: int) -> pl.DataFrame:
    """The lines of ``texts``, each beside their number, whose runs are numbered from ``first``."""
    whole, counts = b"".join([text for text, _ in texts]), [count for _, count in texts]
    if not whole:
        return pl.DataFrame(schema={"run": pl.UInt32} | LINE)
    try:
        lines = pl.read_ndjson(whole, schema=LINE).rechunk()
    except pl.exceptions.ComputeError as error:
        raise _Unreadable from error
    if len(lines) != sum(counts):  # an empty line
        raise _Unreadable
    run = np.repeat(np.arange(first, first + len(texts), dtype=np.uint32), counts)
    return lines.insert_column(0, pl.Series("run", run))


def _ordered(lines: pl.DataFrame) -> pl.DataFrame:
    """By run and step, the last of each: as a training that was never resumed logs them."""
    run, step = lines["run"].to_numpy(), lines["step"].to_numpy()
    if not ((run[1:] == run[:-1]) & (step[1:] <= step[:-1])).any():
        return lines
    return lines.unique(["run", "step"], keep="last", maintain_order=True).sort("run", "step")
