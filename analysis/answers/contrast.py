"""How sure is a difference, or a slope, of the mean log FIDs of some models? Contrasts with their
training noise.

The question is what training the same models again would give. With seeds: Welch's error from each
model's own spread, Satterthwaite's degrees of freedom. With one seed: the spread between trainings
that the records bring along, or, for a slope over three models or more, the scatter about its line,
which holds misfit besides. Else there is no error.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.answers.slopes import MIN_MODELS
from analysis.fits.distributions import t_above, t_quantile
from analysis.fits.linear import LEVEL, Bounds, NoiseVariances, slope_weights


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

    def p_above(self, bound: float) -> float:
        """Two-sided p of ``bound`` where the value lies above it, else 1: one minus the level at
        which the interval's low end is the bound.
        """
        if self.value <= bound:
            return 1.0
        away = (self.value - bound) / self.error if self.error else math.inf
        return 2 * float(t_above(away, self.dof))


def two_seeds(of: str, seeds: Sequence[int], records: Sequence[str]) -> None:
    """ValueError, with the trainings that ``of`` rests on, where they are of fewer than two
    seeds.
    """
    if len(seeds) < 2:
        raise ValueError(
            f"{of}: {'one seed' if seeds else 'no seed'} measured it all, which has no error; "
            f"train a second of {', '.join(records[:2])}"
        )


def over_seeds(of: str, values: dict[int, float], records: Sequence[str]) -> Part:
    """The mean of one value per seed. ValueError below two seeds."""
    two_seeds(of, list(values), records)
    each = pl.Series(list(values.values()))
    return Part(
        of,
        float(each.mean()),
        float(each.std()) / math.sqrt(len(each)),
        len(each) - 1,
        tuple(records),
    )


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
