"""How much compute is recipe B worth over A along one curve? The estimate and its errors.

A multiplier is linearised as one contrast of the cell means: the gain in log FID over the slope of
A's law. Its error has two parts, of the seeds and of how far A's law bends between its rungs.
"""

import math
from dataclasses import replace

import numpy as np
import polars as pl

from analysis.answers.compare.comparison import Comparison, Rung
from analysis.answers.contrast import Part, contrast
from analysis.fits.holdout import FAR
from analysis.fits.linear import NoiseVariances, slope_weights
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
    misfit, free = _misfit(cells[:n], x_a, noise)

    def ratio(of: str, weights: np.ndarray) -> Part:
        """``weights`` (n,) on the log multipliers of the rungs."""
        seeds = _ratio(of, cells, weights @ gain, law, float(weights @ (x_a - x_b)), noise)
        parts = seeds.error**2, misfit * float(np.sum((weights @ bends) ** 2))
        dof = (
            sum(parts) ** 2 / (parts[0] ** 2 / seeds.dof + parts[1] ** 2 / free)
            if parts[1]
            else seeds.dof
        )
        return replace(seeds, error=math.sqrt(sum(parts)), dof=dof)

    rungs = [
        Rung(name, flops, ratio(name, weights))
        for name, flops, weights in zip(cells["model"][:n], b["train_flops"], np.eye(n))
    ]
    mean = ratio("mean", np.full(n, 1 / n))
    bend = math.sqrt(misfit * float(np.sum((np.full(n, 1 / n) @ bends) ** 2)))
    bend *= (mean.interval()[1] - mean.value) / mean.error if mean.error else 0.0
    trend = ratio("trend", slope_weights(x_b)) if n > 2 else None
    ids = tuple(trial for found in cells["ids"].to_list() for trial in found)
    note = "; ".join(
        filter(None, (note, "" if free else "two rungs do not tell how far A's law bends"))
    )
    reach = max(math.exp(rung.log.value + at - x_a.max()) for rung, at in zip(rungs, x_b))
    return Comparison(
        metric,
        curve,
        tuple(rungs),
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


def _misfit(cells: pl.DataFrame, x: np.ndarray, noise: NoiseVariances | None) -> tuple[float, int]:
    """The variance of A's mean log figures about its law beyond that of their seeds, and its
    degrees of freedom.
    """
    free = len(cells) - 2
    if not free:
        return 0.0, 0
    seeds = cells["var"].to_numpy() if noise is None else noise.training
    return max(
        0.0,
        _about_line(x, cells["mean"].to_numpy()) / free
        - float(np.mean(seeds / cells["seeds"].to_numpy())),
    ), free


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
) -> Part:
    """A gain in log figure over the slope of A's law, plus ``shift``: linearised as one contrast of
    the cell means.
    """
    means = cells["mean"].to_numpy()
    steep = float(law @ means)
    value = float(gain @ means) / steep
    linear = contrast(of, cells, (gain - value * law) / steep, noise)
    return Part(of, value + shift, linear.error, linear.dof, linear.records)


def _crossover(mean: Part, trend: Part | None, x: np.ndarray) -> float | None:
    if trend is None or trend.interval()[0] <= 0 <= trend.interval()[1]:
        return None
    at = x.mean() - mean.value / trend.value
    return math.exp(at) if x.min() - math.log(FAR) <= at <= x.max() + math.log(FAR) else None
