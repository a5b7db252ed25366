"""What would the simplest guesses have said, from the records that a prediction rests on?"""

import math
from collections.abc import Callable

import numpy as np
import polars as pl

from analysis.forecasting.targets import Target


def largest_measured(records: pl.DataFrame, target: Target) -> float | None:
    """The FID of the model of most parameters at the target's tokens, else of all, at its last
    step up to the target's: no gain from size at all.
    """
    alike = _alike(records, target)
    if alike.is_empty():
        return None
    largest = alike.filter(pl.col("params_m") == pl.col("params_m").max())
    return _mean(largest.filter(pl.col("step") == pl.col("step").max()))


def line_per_curve(records: pl.DataFrame, target: Target) -> float | None:
    """On the line of log FID on log parameters at the target's tokens and the last step up to the
    target's that two models have; None below two.
    """
    alike = _alike(records, target)
    sizes = alike.group_by("step").agg(pl.col("params_m").n_unique())
    steps = sizes.filter(pl.col("params_m") > 1)["step"]
    if steps.is_empty():
        return None
    models = (
        alike.filter(pl.col("step") == steps.max())
        .group_by("params_m")
        .agg(pl.col("value").log().mean())
    )
    fitted = np.polynomial.Polynomial.fit(np.log(models["params_m"]), models["value"], 1)
    return math.exp(float(fitted(math.log(target.params_m))))


NAIVE: dict[str, Callable[[pl.DataFrame, Target], float | None]] = {
    "the largest measured": largest_measured,
    "a line per curve": line_per_curve,
}


def _alike(records: pl.DataFrame, target: Target) -> pl.DataFrame:
    before = records.filter((pl.col("step") <= target.steps) & (pl.col("value") > 0))
    same = before.filter(pl.col("tokens").eq_missing(target.tokens))
    return before if same.is_empty() else same


def _mean(rows: pl.DataFrame) -> float:
    return math.exp(float(np.mean(np.log(rows["value"].to_numpy()))))
