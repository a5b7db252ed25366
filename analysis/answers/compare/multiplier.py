"""How much compute is recipe B worth over A along one curve? The estimate and its errors.

A multiplier is linearised as one contrast of the cell means: the gain in log FID over the slope of
A's law. Its error for these rungs has two parts, of the seeds and of how far A's law bends between
its rungs; that for the recipes has the scatter of each recipe's rungs about its law besides.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from analysis.answers.compare.comparison import Comparison, Rung
from analysis.answers.contrast import Part, contrast
from analysis.fits.distributions import f_quantile
from analysis.fits.holdout import FAR
from analysis.fits.linear import LEVEL, NoiseVariances, slope_weights
from analysis.text import count


def along_curve(metric: str, curve: str, a: pl.DataFrame, b: pl.DataFrame) -> Comparison:
    """``a`` and ``b``: a row per rung, the same rungs in the same order."""
    n = len(a)
    x_a, x_b = (frame["train_flops"].log().to_numpy() for frame in (a, b))
    if np.ptp(x_a) == 0:
        raise ValueError(
            f"{curve}: all rungs of A spent the same training FLOPs; a law needs two budgets"
        )
    cells = pl.concat([a, b], how="vertical_relaxed").with_columns(model="called")
    law = np.concatenate([-slope_weights(x_a), np.zeros(n)])  # minus the slope of A's law
    steep = float(law @ cells["mean"].to_numpy())
    noise, note = _seed_error(cells)
    sure = contrast("A's law", cells, law, noise)
    if sure.interval()[0] <= 0:
        raise ValueError(
            f"{curve}: {metric} of A does not fall clearly with training FLOPs (power "
            f"{-steep:.3g}), so "
            "no compute makes up for a difference; add seeds or larger rungs"
        )
    # log figure of A minus that of B, by rung (n, 2n)
    gain = np.concatenate([np.eye(n), -np.eye(n)], axis=1)
    bend = (
        np.gradient(np.eye(n), x_a, axis=0)
        if np.diff(x_a).all()
        else np.tile(slope_weights(x_a), (n, 1))
    )
    # log multipliers by A's deviations (n, n)
    bends = (gain @ cells["mean"].to_numpy() / steep)[:, None] * bend / steep
    scatters = [_scatter(own, x, noise) for own, x in ((cells[:n], x_a), (cells[n:], x_b))]
    free, misfit = n - 2, scatters[0].misfit

    def here(of: str, weights: np.ndarray) -> Part:
        """``weights`` (n,) on the log multipliers of these rungs."""
        seeds, _ = _ratio(of, cells, weights @ gain, law, float(weights @ (x_a - x_b)), noise)
        bent = misfit * float(np.sum((weights @ bends) ** 2))
        return _with_error(seeds, [(seeds.error**2, seeds.dof), (bent, free)])

    def of_recipes(of: str, weights: np.ndarray) -> tuple[Part, float]:
        """The same of any rungs, and the variance in it that seeds would not take away."""
        if not free:
            return here(of, weights), 0.0
        part, on = _ratio(of, cells, weights @ gain, law, float(weights @ (x_a - x_b)), noise)
        squares = [float(own @ own) for own in (on[:n], on[n:])]
        bent = misfit * float(np.sum((weights @ bends) ** 2))
        shares = [(square * own.total, free) for square, own in zip(squares, scatters)]
        shown = [square * own.misfit * own.shown for square, own in zip(squares, scatters)]
        return _with_error(part, [*shares, (bent, free)]), sum(shown) + bent * scatters[0].shown

    rungs = [
        Rung(name, flops, here(name, weights))
        for name, flops, weights in zip(cells["model"][:n], b["train_flops"], np.eye(n))
    ]
    mean, lasting = of_recipes("mean", np.full(n, 1 / n))
    bend = math.sqrt(lasting)
    bend *= (mean.interval()[1] - mean.value) / mean.error if mean.error else 0.0
    trend = of_recipes("trend", slope_weights(x_b))[0] if free else None
    ids = tuple(trial for of_cell in cells["ids"].to_list() for trial in of_cell)
    note = "; ".join(
        filter(
            None,
            (
                note,
                ""
                if free
                else "two rungs do not tell how far they lie off the laws: "
                "all is said for these rungs",
            ),
        )
    )
    reach = max(math.exp(rung.log.value + at - x_a.max()) for rung, at in zip(rungs, x_b))
    return Comparison(
        metric,
        curve,
        tuple(rungs),
        here("mean", np.full(n, 1 / n)),
        mean,
        trend,
        _crossover(mean, trend, x_b),
        int(cells["seeds"].min()),
        ids,
        reach,
        bend,
        note,
    )


def _seed_error(cells: pl.DataFrame) -> tuple[NoiseVariances | None, str]:
    """The error of one training, where not every cell tells its own, and what it rests on; None:
    nothing tells it.
    """
    single = cells.filter(pl.col("seeds") == 1)
    if single.is_empty():
        return None, ""
    which = f"{count(len(single), 'rung')} of one seed:"
    if several := int((cells["seeds"] - 1).sum()):
        spread = cells.select((pl.col("var") * (pl.col("seeds") - 1)).sum()).item()
        return NoiseVariances(
            spread / several, several
        ), f"{which} the error is the spread between the seeds of the others"
    n = len(cells) // 2
    if n < 3:
        return None, ""
    halves = [
        _about_line(half["train_flops"].log().to_numpy(), half["mean"].to_numpy())
        for half in (cells[:n], cells[n:])
    ]
    return NoiseVariances(
        sum(halves) / (2 * n - 4), 2 * n - 4
    ), f"{which} the error is the scatter about both laws, misfit included"


@dataclass(frozen=True)
class _Scatter:
    """Variances of a recipe's mean log figures about its law."""

    total: float  # seeds included; no less than seeds alone explain
    misfit: float  # beyond seeds
    shown: bool  # more than seeds alone would give in 5 % of studies (F)


def _scatter(cells: pl.DataFrame, x: np.ndarray, noise: NoiseVariances | None) -> _Scatter:
    """Of two rungs none is seen."""
    free = len(cells) - 2
    if not free:
        return _Scatter(0.0, 0.0, False)
    about = _about_line(x, cells["mean"].to_numpy()) / free
    each = cells["var"].to_numpy() if noise is None else noise.training
    seeds = float(np.mean(each / cells["seeds"].to_numpy()))
    misfit = max(0.0, about - seeds)
    if noise is not None and (cells["seeds"] == 1).all() and noise.training_dof <= 2 * free:
        return _Scatter(about, misfit, False)  # that noise is the scatter of both
    of_seeds = int((cells["seeds"] - 1).sum()) if noise is None else noise.training_dof
    shown = about > seeds * float(f_quantile(LEVEL, free, of_seeds))
    return _Scatter(max(about, seeds), misfit, shown)


def _with_error(part: Part, shares: Sequence[tuple[float, float]]) -> Part:
    """``part`` with the error of independent ``shares``, each a variance and its degrees of
    freedom (Satterthwaite).
    """
    total = sum(variance for variance, _ in shares)
    if not total:
        return replace(part, error=0.0)
    spread = sum(variance**2 / dof for variance, dof in shares if variance)
    return replace(part, error=math.sqrt(total), dof=total**2 / spread)


def _about_line(x: np.ndarray, y: np.ndarray) -> float:
    """The sum of squares about the line of least squares."""
    residual = y - np.polynomial.Polynomial.fit(x, y, 1)(x)
    return float(residual @ residual)


def _ratio(
    of: str,
    cells: pl.DataFrame,
    gain: np.ndarray,
    law: np.ndarray,
    shift: float,
    noise: NoiseVariances | None,
) -> tuple[Part, np.ndarray]:
    """A gain in log figure over the slope of A's law, plus ``shift``: linearised as one contrast of
    the cell means, whose weights (2n,) come with it.
    """
    means = cells["mean"].to_numpy()
    steep = float(law @ means)
    value = float(gain @ means) / steep
    weights = (gain - value * law) / steep
    linear = contrast(of, cells, weights, noise)
    return Part(of, value + shift, linear.error, linear.dof, linear.records), weights


def _crossover(mean: Part, trend: Part | None, x: np.ndarray) -> float | None:
    if trend is None or trend.interval()[0] <= 0 <= trend.interval()[1]:
        return None
    at = x.mean() - mean.value / trend.value
    return math.exp(at) if x.min() - math.log(FAR) <= at <= x.max() + math.log(FAR) else None
