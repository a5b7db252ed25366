"""How fast does FID fall with Gflops, and how sure is that? Slopes of log FID on log Gflops, with
two intervals.

The value is the least-squares slope through one point per model: the mean over seeds of log FID.
Seeds of one model are no further evidence about the slope, so they never enter as points of their
own. Two questions, an interval each, both 95 % and Student's t:

* ``over_models``: would other models lie on this line? From the residuals of the model means (n
  models - 2 degrees of freedom). It holds the misfit of a single line, patches included, and is the
  wider one where patches differ.
* ``over_seeds``: would training the same models again give this slope? One slope per seed, n seeds
  - 1 degrees of freedom.

A slope is called clear of zero only where every interval there is to ask is clear of zero.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy import stats

from analysis.fits.linear import LEVEL, Z
from analysis.select.protocols import one_axis
from analysis.select.recipes import OF_MODEL, one_recipe, one_setting
from analysis.text import SPOKEN

METRICS = ("fid", "kid", "heldout_loss")  # columns of a trial that a law may be fitted to
LOSSES = ("heldout_loss", "heldout_mse")  # those that do not depend on how samples are drawn
MIN_MODELS = 3  # two points give a line and no interval

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Slope:
    """A slope of log FID on log Gflops and what it rests on."""

    subset: str  # "all", or "patch 2"
    value: float
    intercept: float  # of log FID at 1 Gflops
    models: int
    over_models: Bounds
    seeds: int  # that measured every model of the subset
    over_seeds: Bounds | None  # None where fewer than two seeds did
    r: float  # correlation of FID with log Gflops, the paper's
    r_interval: Bounds | None  # Fisher; None below 4 models
    r_log: float  # correlation of log FID with log Gflops
    gflops: np.ndarray = field(repr=False)  # (models,)
    mean_log_fid: np.ndarray = field(repr=False)  # (models,)

    @property
    def clear(self) -> int:
        """-1 where every interval lies below zero, 1 where every one lies above, else 0: not
        resolved.
        """
        asked = [bounds for bounds in (self.over_models, self.over_seeds) if bounds is not None]
        if all(high < 0 for _, high in asked):
            return -1
        return 1 if all(low > 0 for low, _ in asked) else 0

    def line(self, gflops: np.ndarray) -> np.ndarray:
        """The fitted FID at ``gflops``."""
        return np.exp(self.intercept + self.value * np.log(gflops))

    def band(self, gflops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The 95 % confidence band of the line at ``gflops``, from the model means."""
        x, y = np.log(self.gflops), self.mean_log_fid
        dof = len(x) - 2
        residual = y - self.intercept - self.value * x
        spread = math.sqrt(float(residual @ residual) / dof)
        away = np.log(gflops) - x.mean()
        half = (
            stats.t.ppf((1 + LEVEL) / 2, dof)
            * spread
            * np.sqrt(1 / len(x) + away**2 / np.sum((x - x.mean()) ** 2))
        )
        middle = self.intercept + self.value * np.log(gflops)
        return np.exp(middle - half), np.exp(middle + half)


def fit_points(trials: pl.DataFrame, metric: str = "fid") -> pl.DataFrame:
    """The trials that may enter a fit: completed, with ``metric`` measured. One row per model and
    seed.

    ValueError, naming the trials, where they do not belong on one axis: other protocols, several
    settings of one model, figures that have no logarithm. ``metric`` is one of METRICS or LOSSES;
    in a law of its loss a training that is sampled in several ways is one trial. See ``left_out``
    for those that are missing.
    """
    if metric not in (known := dict.fromkeys(METRICS + LOSSES)):
        raise ValueError(f"no metric {metric!r} of a trial; there are {', '.join(known)}")
    points = trials.filter((pl.col("state") == "completed") & pl.col(metric).is_not_null())
    if points.is_empty():
        states = ", ".join(
            f"{n} {state}" for state, n in trials.group_by("state").len().sort("state").rows()
        )
        ended = trials["state"].is_in(["completed", "diverged", "failed"]).all()
        raise ValueError(
            f"no completed trial has a {SPOKEN[metric]} ({states or 'no trials'}); "
            + ("all have ended" if ended else "run the study to its end")
        )
    if metric in LOSSES:
        one_recipe(points)
        one_setting(points, ["recipe", *OF_MODEL, "steps"])
        points = (
            points.unique("train_id", keep="first", maintain_order=True)
            if "train_id" in points.columns
            else points
        )
    else:
        one_axis(points)
        one_setting(points, ["cell"])
    repeated = points.filter(pl.struct("model", "seed").is_duplicated())
    if len(repeated):
        raise ValueError(
            f"trials measured twice: {', '.join(repeated['trial_id'][:4])}; "
            "keep one of each model and seed"
        )
    improper = points.filter(~(pl.col(metric).is_finite() & (pl.col(metric) > 0)))
    if len(improper):
        raise ValueError(
            f"{improper['trial_id'][0]} has {metric.upper()} {improper[metric][0]}, which has no "
            "logarithm; leave it out by name or measure it again"
        )
    return points


def sampling_points(trials: pl.DataFrame) -> pl.DataFrame:
    """The completed trials with a FID, alike but for their sampling steps. ValueError names those
    that are not.
    """
    points = trials.filter((pl.col("state") == "completed") & pl.col("fid").is_not_null())
    if points.is_empty():
        raise ValueError("no completed trial has a FID; run the study to its end")
    for column, what in (("fid_label_over_steps", "protocols"), ("data", "data sets")):
        if (several := points[column].unique().sort().to_list())[1:]:
            told = "; ".join(several[:2]) + (f"; {len(several) - 2} more" if several[2:] else "")
            raise ValueError(
                f"{len(several)} {what} are mixed ({told}); their figures do not belong on one axis"
            )
    improper = points.filter(~(pl.col("fid").is_finite() & (pl.col("fid") > 0)))
    if len(improper):
        raise ValueError(
            f"{improper['trial_id'][0]} has FID {improper['fid'][0]}, which has no logarithm; "
            "leave it out by "
            "name or measure it again"
        )
    one_setting(points, ["recipe", *OF_MODEL, "steps"])
    repeated = points.filter(pl.struct("model", "seed", "sampling_steps").is_duplicated())
    if len(repeated):
        raise ValueError(
            f"trials measured twice: {', '.join(repeated['trial_id'][:4])}; keep one of each "
            "model, seed and "
            "number of sampling steps"
        )
    return points


def left_out(trials: pl.DataFrame, metric: str = "fid") -> pl.DataFrame:
    """The trials that are no part of a fit: trial_id, state, why."""
    return trials.filter((pl.col("state") != "completed") | pl.col(metric).is_null()).select(
        "trial_id", "state", "why"
    )


def slope(trials: pl.DataFrame, metric: str = "fid", subset: str = "all") -> Slope:
    """The slope of log ``metric`` on log Gflops over the completed trials. ValueError below
    MIN_MODELS models.
    """
    points = fit_points(trials, metric)
    one_recipe(points)
    models = points.group_by("model", maintain_order=True).agg(
        pl.col("forward_gmacs").first(),
        pl.col(metric).log().mean().alias("log"),
        pl.col(metric).mean(),
    )
    if models["forward_gmacs"].n_unique() < MIN_MODELS:
        named = ", ".join(models["model"])
        raise ValueError(
            f"a slope with an interval needs {MIN_MODELS} models of different Gflops with a "
            f"{metric.upper()}, found {len(models)} ({named})"
        )
    x, y = models["forward_gmacs"].log().to_numpy(), models["log"].to_numpy()
    line = stats.linregress(x, y)
    half = stats.t.ppf((1 + LEVEL) / 2, len(x) - 2) * line.stderr
    r = correlation(x, models[metric].to_numpy())
    by_seed = seed_slopes(points, metric)
    return Slope(
        subset=subset,
        value=float(line.slope),
        intercept=float(line.intercept),
        models=len(x),
        over_models=(float(line.slope - half), float(line.slope + half)),
        seeds=len(by_seed),
        over_seeds=mean_interval(by_seed),
        r=r,
        r_interval=fisher_interval(r, len(x)),
        r_log=float(line.rvalue),
        gflops=models["forward_gmacs"].to_numpy(),
        mean_log_fid=y,
    )


def slopes(trials: pl.DataFrame, metric: str = "fid") -> list[Slope]:
    """The slope over all models first, then at each patch that has MIN_MODELS models with a
    figure.
    """
    points = fit_points(trials, metric)
    models = points.group_by("patch").agg(pl.col("forward_gmacs").n_unique())
    enough = models.filter(pl.col("forward_gmacs") >= MIN_MODELS)["patch"].sort()
    return [
        slope(trials, metric),
        *(
            slope(trials.filter(pl.col("patch") == patch), metric, f"patch {patch}")
            for patch in enough
        ),
    ]


def slopes_table(found: list[Slope]) -> pl.DataFrame:
    """One row per slope, for reading."""

    def ends(bounds: Bounds | None, name: str) -> dict:
        return {
            f"{name}_{end}": value for end, value in zip(("low", "high"), bounds or (None, None))
        }

    return pl.DataFrame(
        [
            {
                "models": one.subset,
                "n": one.models,
                "slope": one.value,
                **ends(one.over_models, "over_models"),
                **ends(one.over_seeds, "over_seeds"),
                "r": one.r,
                "r_log": one.r_log,
            }
            for one in found
        ],
        infer_schema_length=None,
        schema_overrides={"over_seeds_low": pl.Float64, "over_seeds_high": pl.Float64},
    )


def seed_slopes(points: pl.DataFrame, metric: str = "fid") -> list[float]:
    """The slope of each seed that measured every model of ``points``, by seed."""
    models = points["model"].n_unique()
    found = []
    for _, one in points.sort("seed").group_by("seed", maintain_order=True):
        if one["model"].n_unique() == models:
            found.append(
                float(stats.linregress(one["forward_gmacs"].log(), one[metric].log()).slope)
            )
    return found


def mean_interval(values: Sequence[float]) -> Bounds | None:
    """The 95 % Student interval of the mean of ``values``; None below two."""
    if len(values) < 2:
        return None
    half = (
        stats.t.ppf((1 + LEVEL) / 2, len(values) - 1)
        * float(np.std(values, ddof=1))
        / math.sqrt(len(values))
    )
    return float(np.mean(values) - half), float(np.mean(values) + half)


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
