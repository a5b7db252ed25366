"""How fast does FID fall with Gflops, and how sure is that? Slopes of log FID on log Gflops, with
two intervals.

The value is the least-squares slope through one point per model: the mean over seeds of log FID.
Seeds of one model are no further evidence about the slope, so they never enter as points of their
own. Two questions, an interval each, both 95 % and Student's t:

* ``over_models``: would other models lie on this line? From the residuals of the model means (n
  models - 2 degrees of freedom). It holds the misfit of a single line, series included, and is the
  wider one where these differ.
* ``over_seeds``: would training the same models again give this slope? From the spread of each
  model between its own seeds, as the claims about the same models ask (``answers.contrast``).

A slope is called clear of zero only where every interval there is to ask is clear of zero.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from analysis.answers.contrast import MIN_MODELS, cells_of, contrast
from analysis.answers.verdicts import OPEN, below
from analysis.fits.linear import Bounds, Linear, Z, line, slope_weights
from analysis.select.curves import curve_order, with_curves
from analysis.select.recipes import one_recipe
from analysis.select.selection import Selection

GFLOPS = "forward_gmacs"


@dataclass(frozen=True)
class Slope:
    """A slope of log FID on log Gflops and what it rests on."""

    subset: str  # "all", or "patch 2"
    value: float
    intercept: float  # of log FID at 1 Gflops
    models: int
    over_models: Bounds
    seeds: int  # of the model that has the fewest
    over_seeds: Bounds | None  # None where that is one
    r: float  # correlation of FID with log Gflops, the paper's
    r_interval: Bounds | None  # Fisher; None below 4 models
    r_log: float  # correlation of log FID with log Gflops
    gflops: np.ndarray = field(repr=False)  # (models,)
    mean_log_fid: np.ndarray = field(repr=False)  # (models,)
    fit: Linear = field(repr=False, compare=False)  # about the mean of log Gflops

    @property
    def verdict(self) -> str:
        """HOLDS where every interval lies below zero, FAILS where every one lies above, else
        OPEN.
        """
        intervals = [bounds for bounds in (self.over_models, self.over_seeds) if bounds is not None]
        verdicts = {below(bounds, neither=OPEN) for bounds in intervals}
        return verdicts.pop() if len(verdicts) == 1 else OPEN

    def line(self, gflops: np.ndarray) -> np.ndarray:
        """The fitted FID at ``gflops``."""
        return np.exp(self._predict(gflops).value)

    def band(self, gflops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The 95 % confidence band of the line at ``gflops``, from the model means."""
        predicted = self._predict(gflops)
        return np.exp(predicted.low), np.exp(predicted.high)

    def _predict(self, gflops: np.ndarray):
        away = np.log(gflops) - np.log(self.gflops).mean()
        return self.fit.predict(np.column_stack([np.ones(len(away)), away]))


def slope(trials: Selection | pl.DataFrame, metric: str = "fid", subset: str = "all") -> Slope:
    """The slope of log ``metric`` on log Gflops over the completed trials. ValueError below
    MIN_MODELS models.
    """
    return slope_of(Selection.of_trials(trials).points(metric), metric, subset)


def slopes(trials: Selection | pl.DataFrame, metric: str = "fid") -> list[Slope]:
    """The slope over all models first, then along each curve that has MIN_MODELS models with a
    value, the dearest first.
    """
    points = Selection.of_trials(trials).points(metric)
    return [slope_of(points, metric), *slopes_within(points, metric)]


def slopes_within(points: pl.DataFrame, metric: str = "fid") -> list[Slope]:
    """The slope along each curve of ``points`` that has MIN_MODELS models."""
    points = with_curves(points)
    curves = points.partition_by("curve", as_dict=True)
    return [
        slope_of(curves[curve,], metric, curve)
        for curve in reversed(curve_order(points))
        if curves[curve,][GFLOPS].n_unique() >= MIN_MODELS
    ]


def slope_of(points: pl.DataFrame, metric: str = "fid", subset: str = "all") -> Slope:
    """The slope over ``points``, selected rows of one model and seed each."""
    one_recipe(points)
    models = _means(points, metric, GFLOPS)
    if models[GFLOPS].n_unique() < MIN_MODELS:
        named = ", ".join(models["model"])
        raise ValueError(
            f"a slope with an interval needs {MIN_MODELS} models of different Gflops with a "
            f"{metric.upper()}, found {len(models)} ({named})"
        )
    x, y = models[GFLOPS].log().to_numpy(), models["log"].to_numpy()
    fit = line(x, y, f"the slope of {metric} on Gflops")
    level, value = map(float, fit.coefficients)
    r = correlation(x, models["mean"].to_numpy())
    cells = cells_of(points, metric=metric)
    seeds = int(cells["seeds"].min())
    return Slope(
        subset=subset,
        value=value,
        intercept=level - value * float(x.mean()),
        models=len(x),
        over_models=tuple(map(float, fit.coefficient_intervals()[1])),
        seeds=seeds,
        over_seeds=_over_seeds(cells, subset) if seeds > 1 else None,
        r=r,
        r_interval=fisher_interval(r, len(x)),
        r_log=correlation(x, y),
        gflops=models[GFLOPS].to_numpy(),
        mean_log_fid=y,
        fit=fit,
    )


def line_of(points: pl.DataFrame, metric: str, axis: str) -> Linear:
    """The line of log ``metric`` on log ``axis`` over the models of ``points``."""
    one_recipe(points)
    models = _means(points, metric, axis)
    x = np.log(models[axis].to_numpy())
    return line(x, models["log"].to_numpy(), f"the slope of {metric} on {axis}")


def _means(points: pl.DataFrame, metric: str, axis: str) -> pl.DataFrame:
    """One row per model: ``axis``, and over seeds the mean of ``metric`` and of its log."""
    return points.group_by("model", maintain_order=True).agg(
        pl.col(axis).first().cast(pl.Float64),
        pl.col(metric).log().mean().alias("log"),
        pl.col(metric).mean().alias("mean"),
    )


def slopes_table(rows: list[Slope]) -> pl.DataFrame:
    """One row per slope, for reading."""

    def ends(bounds: Bounds | None, name: str) -> dict:
        return {
            f"{name}_{end}": value for end, value in zip(("low", "high"), bounds or (None, None))
        }

    return pl.DataFrame(
        [
            {
                "models": law.subset,
                "n": law.models,
                "slope": law.value,
                **ends(law.over_models, "over_models"),
                **ends(law.over_seeds, "over_seeds"),
                "r": law.r,
                "r_log": law.r_log,
            }
            for law in rows
        ],
        infer_schema_length=None,
        schema_overrides={"over_seeds_low": pl.Float64, "over_seeds_high": pl.Float64},
    )


def _over_seeds(cells: pl.DataFrame, subset: str) -> Bounds:
    weights = slope_weights(cells[GFLOPS].log().to_numpy())
    return contrast(subset, cells, weights).interval()


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1])


def fisher_interval(r: float, n: int) -> Bounds | None:
    """The 95 % interval of a correlation over ``n`` points by Fisher's transform; None below 4 or
    at |r| = 1.
    """
    if n < 4 or abs(r) >= 1:
        return None
    half = Z / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
