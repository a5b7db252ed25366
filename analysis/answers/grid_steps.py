"""Does every single step up the grid lower FID? One rung up along a curve; the next dearer curve at
a fixed rung, of DiT a finer patch.

The effect of a step is the difference of the means over seeds of log FID, its error the standard
error of that difference from the spread over seeds of the two models. With three seeds that error
is itself rough (about a third), so a verdict near the threshold is near the threshold. One seed
gives no error, hence no verdict.
"""

import itertools
import math
from dataclasses import dataclass

import polars as pl

from analysis.answers.verdicts import LOST, OF_STEP, ONE_SEED, OPEN, PENDING, below
from analysis.select.curves import curve_labels, curve_order, rung_order, with_curves
from analysis.select.selection import Selection

THRESHOLD = 2.0  # standard errors


@dataclass(frozen=True)
class GridStep:
    """One step from a cheaper model to a dearer one."""

    axis: str  # what is changed: "size", or what tells curves apart, such as "patch"
    lower: str  # model
    upper: str  # model
    fid_lower: float | None  # geometric means over seeds
    fid_upper: float | None
    change: float | None  # of mean log FID; negative: FID falls
    error: float | None  # standard error of ``change``; None where a model has one seed
    seeds: int  # of the model with fewer
    lost: bool = False  # a model without a figure will have none: all its trials diverged or failed

    @property
    def percent(self) -> float | None:
        """The change of FID in per cent; negative: it falls."""
        return None if self.change is None else 100 * math.expm1(self.change)

    @property
    def verdict(self) -> str:
        return LOST if self.lost else verdict(self.change, self.error)


def verdict(change: float | None, error: float | None) -> str:
    """HOLDS where log FID falls by more than 2 standard errors, FAILS where it rises by more."""
    if change is None:
        return PENDING
    if error is None:
        return ONE_SEED
    half = THRESHOLD * error
    return below((change - half, change + half), neither=OPEN)


def grid_steps(source: Selection | pl.DataFrame, metric: str = "fid") -> list[GridStep]:
    """Every single step of the planned grid, rungs first (by curve), then curves (by rung), the
    dearest last.

    Rungs are ordered by parameters. Steps with a model that has no value yet are among them,
    without a change. A family with several models at one rung of a curve (block designs, say) is no
    such grid and has no steps. ValueError as in ``fit_points``.
    """
    selection = Selection.of_trials(source)
    trials = selection.trials
    measured = (
        selection.points(metric)
        .group_by("model")
        .agg(
            pl.col(metric).log().mean().alias("mean"),
            pl.col(metric).log().var().alias("var"),
            pl.len().alias("seeds"),
        )
    )
    known = {row["model"]: row for row in measured.to_dicts()}
    ended = trials.group_by("model").agg(pl.col("state").is_in(["diverged", "failed"]).all())
    lost = set(ended.filter("state")["model"])
    families = trials.partition_by("family", maintain_order=True)
    return [step for rows in families for step in _of_family(rows, known, lost)]


def _of_family(trials: pl.DataFrame, known: dict[str, dict], lost: set[str]) -> list[GridStep]:
    trials = with_curves(trials)
    models = trials.select("model", "rung", "curve").unique(maintain_order=True).to_dicts()
    at = {(m["rung"], m["curve"]): m["model"] for m in models}
    if len(at) < len(models):
        return []
    rungs, curves = rung_order(trials), curve_order(trials)
    along = [[at[rung, curve] for rung in rungs if (rung, curve) in at] for curve in curves]
    across = [[at[rung, curve] for curve in curves if (rung, curve) in at] for rung in rungs]
    head, _ = curve_labels(trials)
    return [
        _step(axis, lower, upper, known, lost)
        for axis, ladders in (("size", along), (head.lower(), across))
        for ladder in ladders
        for lower, upper in itertools.pairwise(ladder)
    ]


def tally(steps: list[GridStep]) -> dict[str, int]:
    """How many steps have each verdict, in the order of OF_STEP."""
    counts = {name: sum(step.verdict == name for step in steps) for name in OF_STEP}
    return {name: n for name, n in counts.items() if n}


def steps_table(steps: list[GridStep]) -> pl.DataFrame:
    """One row per step, for reading."""
    schema = {
        "axis": pl.String,
        "lower": pl.String,
        "upper": pl.String,
        "fid_lower": pl.Float64,
        "fid_upper": pl.Float64,
        "change_of_log_fid": pl.Float64,
        "standard_error": pl.Float64,
        "verdict": pl.String,
    }
    return pl.DataFrame(
        [
            {
                "axis": step.axis,
                "lower": step.lower,
                "upper": step.upper,
                "fid_lower": step.fid_lower,
                "fid_upper": step.fid_upper,
                "change_of_log_fid": step.change,
                "standard_error": step.error,
                "verdict": step.verdict,
            }
            for step in steps
        ],
        schema=schema,
    )


def _step(axis: str, lower: str, upper: str, known: dict[str, dict], lost: set[str]) -> GridStep:
    a, b = known.get(lower), known.get(upper)
    fid = [None if m is None else math.exp(m["mean"]) for m in (a, b)]
    if a is None or b is None:
        return GridStep(
            axis,
            lower,
            upper,
            *fid,
            change=None,
            error=None,
            seeds=0,
            lost=not lost.isdisjoint((lower, upper)),
        )
    repeated = a["seeds"] > 1 and b["seeds"] > 1
    error = math.sqrt(a["var"] / a["seeds"] + b["var"] / b["seeds"]) if repeated else None
    return GridStep(
        axis,
        lower,
        upper,
        *fid,
        change=b["mean"] - a["mean"],
        error=error,
        seeds=min(a["seeds"], b["seeds"]),
    )
