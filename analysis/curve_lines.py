"""What was logged at each step of many trainings? Their ``curve.jsonl`` parsed by polars, many files at once."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from scaling.records import Run

LINE = {"step": pl.Int64, "images": pl.Int64, "loss": pl.Float64, "heldout_loss": pl.Float64, "heldout_mse": pl.Float64,
        "heldout_ema": pl.String, "heldout_bins": pl.List(pl.Float64), "grad_norm": pl.Float64, "images_per_s": pl.Float64,
        "mfu": pl.Float64, "train_wall_s": pl.Float64}
FILES = 500  # parsed at once


def curve_lines(runs: Sequence[Run]) -> list[pl.DataFrame]:
    """The lines of ``runs`` in batches: ``run``, the index into ``runs``, and the columns LINE; by run, then step.

    As ``Run.curve``: where a resumed training measured a step again the later line counts, and a line that a kill cut
    short is passed over. ValueError names a file that holds anything else.
    """
    return [_ordered(_batch(runs[first:first + FILES], first)) for first in range(0, len(runs), FILES)]


def _batch(runs: Sequence[Run], first: int) -> pl.DataFrame:
    places = {str(path): first + i for i, run in enumerate(runs) if (path := run.folder / "curve.jsonl").is_file()}
    try:
        return _parsed(places)
    except pl.exceptions.ComputeError:  # one file at least has a line cut short; which, is found out one by one
        return pl.concat([_one(path, place) for path, place in places.items()])


def _one(path: str, place: int) -> pl.DataFrame:
    try:
        return _parsed({path: place})
    except pl.exceptions.ComputeError:
        lines = Run(Path(path).parent).curve()
        return pl.DataFrame([{"run": place} | {name: line.get(name) for name in LINE} for line in lines],
                            schema={"run": pl.UInt32} | LINE)


def _parsed(places: dict[str, int]) -> pl.DataFrame:
    if not places:
        return pl.DataFrame(schema={"run": pl.UInt32} | LINE)
    lines = pl.scan_ndjson(list(places), schema=LINE, include_file_paths="path").collect()
    files = lines["path"].rle().struct.unnest()
    run = pl.DataFrame({"run": pl.Series([places[path] for path in files["value"]], dtype=pl.UInt32), "n": files["len"]})
    run = run.select(pl.col("run").repeat_by("n").explode(empty_as_null=False))["run"]
    if lines["step"].null_count():
        at = run.filter(lines["step"].is_null())[0]
        raise ValueError(f"{next(path for path, place in places.items() if place == at)} holds a line without a step; "
                         "take the line out")
    return lines.drop("path").insert_column(0, run)


def _ordered(lines: pl.DataFrame) -> pl.DataFrame:
    """By run and step, the last of each: as a training that was never resumed logs them."""
    again = (pl.col("run") == pl.col("run").shift()) & (pl.col("step") <= pl.col("step").shift())
    if not lines.select(again.any()).item():
        return lines
    return lines.unique(["run", "step"], keep="last", maintain_order=True).sort("run", "step")
