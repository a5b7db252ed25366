"""What was logged at each step of many trainings? Their ``curve.jsonl`` parsed by polars, many files at once.

The files of a batch are parsed as one text: opening and parsing each by itself costs more than its lines do.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import polars as pl

from scaling.records import Run

LINE = {"step": pl.Int64, "images": pl.Int64, "loss": pl.Float64, "heldout_loss": pl.Float64, "heldout_mse": pl.Float64,
        "heldout_ema": pl.String, "heldout_bins": pl.List(pl.Float64), "grad_norm": pl.Float64, "images_per_s": pl.Float64,
        "mfu": pl.Float64, "train_wall_s": pl.Float64}
FILES = 100  # parsed at once: some 30 MB, for which memory is not asked for anew each time
AHEAD = 3    # batches read and not parsed yet, at most


def curve_lines(runs: Sequence[Run], pool: ThreadPoolExecutor) -> Iterator[tuple[range, Future[pl.DataFrame]]]:
    """Batches of ``runs`` by index, each with its lines to come: ``run``, that index, and LINE; by run, then step.

    Files are read here, where they need not wait for Python, and parsed in ``pool`` while the caller goes on. As
    ``Run.curve``: where a resumed training measured a step again the later line counts, and a line that a kill cut short
    is passed over. ValueError, from the result, names a file that holds anything else.
    """
    parsing = []
    for first in range(0, len(runs), FILES):
        batch = runs[first:first + FILES]
        parsing.append(pool.submit(_lines, batch, first, _texts(batch, first)))
        yield range(first, first + len(batch)), parsing[-1]
        if len(parsing) > AHEAD:
            parsing[-1 - AHEAD].exception()  # waits; whoever asks for the result hears of it


def _texts(runs: Sequence[Run], first: int) -> dict[int, bytes]:
    texts = {}
    for place, run in enumerate(runs, first):
        try:
            texts[place] = (run.folder / "curve.jsonl").read_bytes()
        except FileNotFoundError:  # not begun
            continue
    return texts


def _lines(runs: Sequence[Run], first: int, texts: dict[int, bytes]) -> pl.DataFrame:
    try:
        lines = _parsed(texts)
    except _Unreadable:  # one file at least has a line cut short; which, is found out one by one
        lines = pl.concat([_one(runs[place - first], place, text) for place, text in texts.items()])
    if lines["step"].null_count():
        at = lines["run"].filter(lines["step"].is_null())[0]
        raise ValueError(f"{runs[at - first].folder / 'curve.jsonl'} holds a line without a step; take the line out")
    return _ordered(lines)


def _one(run: Run, place: int, text: bytes) -> pl.DataFrame:
    try:
        return _parsed({place: text})
    except _Unreadable:
        return pl.DataFrame([{"run": place} | {name: line.get(name) for name in LINE} for line in run.curve()],
                            schema={"run": pl.UInt32} | LINE)


class _Unreadable(ValueError):
    """A text in which not every line is JSON."""


def _parsed(texts: dict[int, bytes]) -> pl.DataFrame:
    """Those lines, ``texts`` by index of their run."""
    texts = {place: text if text.endswith(b"\n") else text + b"\n" for place, text in texts.items() if text}
    if not texts:
        return pl.DataFrame(schema={"run": pl.UInt32} | LINE)
    counts = [text.count(b"\n") for text in texts.values()]
    try:
        lines = pl.read_ndjson(b"".join(texts.values()), schema=LINE).rechunk()
    except pl.exceptions.ComputeError as error:
        raise _Unreadable from error
    if len(lines) != sum(counts):  # an empty line
        raise _Unreadable
    return lines.insert_column(0, pl.Series("run", np.repeat(np.array(list(texts), np.uint32), counts)))


def _ordered(lines: pl.DataFrame) -> pl.DataFrame:
    """By run and step, the last of each: as a training that was never resumed logs them."""
    again = (pl.col("run") == pl.col("run").shift()) & (pl.col("step") <= pl.col("step").shift())
    if not lines.select(again.any()).item():
        return lines
    return lines.unique(["run", "step"], keep="last", maintain_order=True).sort("run", "step")
