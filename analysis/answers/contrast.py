"""How sure is a difference, or a slope, of the mean log FIDs of some models? Contrasts with their
training noise.

The question is what training the same models again would give. With seeds: Welch's error from each
model's own spread, Satterthwaite's degrees of freedom. With one seed: the spread between trainings
that the records bring along, or, for a slope over three models or more, the scatter about its line,
which holds misfit besides. Else there is no error.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from analysis.fits.distributions import t_above, t_quantile
from analysis.fits.linear import LEVEL, Bounds, NoiseVariances, slope_weights

MIN_MODELS = 3  # two points give a line and no interval

# columns of an effect: what each training adds to a sum over models, in log FID
EFFECT = {"model": pl.String, "seed": pl.Int64, "trial_id": pl.String, "value": pl.Float64}


@dataclass(frozen=True)
class Part:
    """One effect with its error."""

    of: str  # "patch 2", "DiT-XL/2 against DiT-L/2"
    value: float
    error: float  # standard error
    dof: float
    records: tuple[str, ...]  # trial ids, or rows of a published table

    def interval(self, level: float = LEVEL) -> Bounds:
        half = 0.0 if self.error == 0 else float(t_quantile((1 + level) / 2, self.dof)) * self.error
        return self.value - half, self.value + half

    def with_seeds(self, times: float) -> "Part":
        """What ``times`` as many trainings of each model would make of it, were nothing else to
        change.
        """
        return replace(self, error=self.error / math.sqrt(times), dof=self.dof * times)

    def p_above(self, bound: float) -> float:
        """Two-sided p of ``bound`` where the value lies above it, else 1: one minus the level at
        which the interval's low end is the bound.
        """
        if self.value <= bound:
            return 1.0
        away = (self.value - bound) / self.error if self.error else math.inf
        return 2 * float(t_above(away, self.dof))


def of_trainings(of: str, *effects: pl.DataFrame) -> Part:
    """The mean of ``effects``, each a sum over models: of a model the mean over its trainings of
    what one of them adds. An effect has a row a training, in the columns of
    EFFECT. ValueError where a model has one seed.

    Trainings are taken as independent. Those of one seed see the same data in the same order; what
    they have in common from it leaves a difference between models, so the error here is then too
    large and never too small. The other way, one difference per seed, has a degree of freedom for
    each seed beyond the first, however many models the effect is of. One variance for all models
    would have more, and is not true: between seeds the smallest digits models differ by 1 % of a
    FID, others by 30 % (``tests.benchmarks.bench_claims`` has what that does to an interval).
    """
    whole = (
        pl.concat(effects)
        .group_by("model", "seed", "trial_id", maintain_order=True)
        .agg(pl.col("value").sum() / len(effects), roles=pl.len())
        .filter(pl.col("roles") == pl.col("roles").max().over("model"))
    )
    cells = whole.group_by("model", maintain_order=True).agg(
        mean=pl.col("value").mean(),
        var=pl.col("value").var(),
        seeds=pl.len(),
        ids=pl.col("trial_id"),
    )
    return contrast(of, cells, np.ones(len(cells)))


def cells_of(
    points: pl.DataFrame, by: Sequence[str] = ("model",), metric: str = "fid"
) -> pl.DataFrame:
    """One row per cell: the first of every column, and of log ``metric`` the mean, var (null for
    one seed); seeds, ids.
    """
    log = pl.col(metric).log()
    return points.group_by(by, maintain_order=True).agg(
        pl.exclude(*by, "trial_id").first(),
        mean=log.mean(),
        var=log.var(),
        seeds=pl.len(),
        ids=pl.col("trial_id"),
    )


def contrast(
    of: str, cells: pl.DataFrame, weights: np.ndarray, noise: NoiseVariances | None = None
) -> Part:
    """``weights`` (n,) on the cell means. ValueError where no error is known."""
    seeds = cells["seeds"].to_numpy()
    if (seeds > 1).all():
        shares, dof = weights**2 * cells["var"].to_numpy() / seeds, seeds - 1
        total = float(shares.sum())
        free = float(dof.sum()) if total == 0 else total**2 / float(np.sum(shares**2 / dof))
    elif noise is not None and noise.training is not None:
        total, free = float(np.sum(weights**2 / seeds)) * noise.training, noise.training_dof
    else:
        single = cells.filter(pl.col("seeds") == 1)["model"].to_list()
        raise ValueError(
            f"{of}: {', '.join(single[:4])} {'has' if len(single) == 1 else 'have'} one seed, and "
            "no error is "
            "known without a second; train another seed"
        )
    return Part(of, float(weights @ cells["mean"].to_numpy()), math.sqrt(total), free, _ids(cells))


def difference(winner: dict, loser: dict, of: str, noise: NoiseVariances | None = None) -> Part:
    """log FID of ``winner`` minus that of ``loser``, rows of ``cells_of``."""
    return contrast(
        of, pl.DataFrame([winner, loser], infer_schema_length=None), np.array([1.0, -1.0]), noise
    )


def trend(of: str, cells: pl.DataFrame, x: np.ndarray, noise: NoiseVariances | None = None) -> Part:
    """The least-squares slope of mean log FID on ``x`` (n,). ValueError where no error is known."""
    weights = slope_weights(x)
    try:
        return contrast(of, cells, weights, noise)
    except ValueError:
        if len(cells) < MIN_MODELS:
            raise
    y = cells["mean"].to_numpy()
    value, free = float(weights @ y), len(x) - 2
    residual = y - y.mean() - value * (x - x.mean())
    return Part(
        of,
        value,
        math.sqrt(float(residual @ residual) / free * float(weights @ weights)),
        free,
        _ids(cells),
    )


def _ids(cells: pl.DataFrame) -> tuple[str, ...]:
    return tuple(trial for ids in cells["ids"].to_list() for trial in ids)
