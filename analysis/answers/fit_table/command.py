"""Fits a law to anyone's table of runs: the work of ``scaling fit``, from a CSV file to a law with
intervals.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from analysis.answers.fit_table.kinds import CURVES, KINDS, FitReport
from analysis.answers.fit_table.request import FitRequest
from analysis.answers.fit_table.text import as_json, lines
from analysis.fits.approaches import parametric
from analysis.fits.simulation import RESAMPLES
from analysis.frames.foreign import read_table

_ONLY = {
    "x": tuple(CURVES),
    "unique": ("repeats",),
    "curve": ("isoflop",),
    "method": ("envelope",),
    # laws that heed an option which others have no use for
    "cluster": ("approach3", *CURVES, "repeats"),
    "series": ("approach3", *CURVES),
}
_LEAST_RESAMPLES = 100


def run(
    kind: str,
    csv: Path | str,
    n: str | None = None,
    d: str | None = None,
    loss: str = "loss",
    flops: str | None = None,
    x: str | None = None,
    unique: str | None = None,
    cluster: str | None = None,
    delta: float = parametric.DELTA,
    bootstrap: int = RESAMPLES,
    curve: str = "auto",
    method: str = "interpolated",
    series: str | None = None,
) -> FitReport:
    """Fit law ``kind`` to the table ``csv``; ``text`` tells it.

    ``n``, ``d``, ``loss``, ``flops`` (exact training FLOPs), ``unique`` (different images) name
    columns. Laws of one variable fit ``loss`` on ``x``, by default the FLOPs column, else 6 N D,
    else N or D where one is given. ``cluster`` names the column that says which training a row
    comes from, or is ``none`` where no two rows share one. ``series`` names the column by which
    laws may differ, such as the patch; a column series or patch is taken for it. ``bootstrap``
    repeats make the intervals; 0 makes none. ValueError in one line where the table or a name will
    not do.
    """
    if kind not in KINDS:
        raise ValueError(f"no law {kind!r}; there are {', '.join(KINDS)}")
    given = {
        "x": x,
        "unique": unique,
        "cluster": cluster,
        "curve": curve != "auto",
        "method": method != "interpolated",
        "series": series,
    }
    if idle := [option for option, value in given.items() if value and kind not in _ONLY[option]]:
        raise ValueError(
            f"{kind} has no use for --{idle[0]}, which is for {', '.join(_ONLY[idle[0]])}; leave "
            "it out"
        )
    if not (np.isfinite(delta) and delta > 0):
        raise ValueError(f"delta is {delta:g}; the Huber loss needs it above 0, such as 1e-3")
    if bootstrap and bootstrap < _LEAST_RESAMPLES:
        raise ValueError(
            f"{bootstrap} repeats are too few for an interval; give {_LEAST_RESAMPLES} or more, or "
            "0 for none"
        )
    table = read_table(csv)
    request = FitRequest(
        table, n, d, loss, flops, x, unique, cluster, delta, bootstrap, curve, method, series
    )
    report = KINDS[kind](request)
    return replace(report, answer=report.answer | _left_out(table))


def _left_out(table: pl.DataFrame) -> dict[str, str]:
    """Rows that are no completed run, such as "1 failed, 2 running"; empty without such."""
    if "state" not in table.columns:
        return {}
    out = table.filter(pl.col("state").is_null() | (pl.col("state") != "completed"))
    counts = out.group_by("state").len().sort("state").rows()
    text = ", ".join(f"{number} {state or 'without a state'}" for state, number in counts)
    return {"left_out": text} if text else {}


def text(kind: str, report: FitReport, json: bool = False) -> str:
    """What ``run`` found, as lines to read or as one JSON object."""
    return as_json(kind, report) if json else lines(report)
