"""Which training was best at each budget, and how does its size grow (approach 1)? The lower
envelope of the curves.

Hoffmann et al. 2022, section 3.1: the curves of loss against training FLOPs of every size, and at
each budget the size whose curve is lowest. Each size that is lowest somewhere gives one point, the
middle (on a log axis) of the budgets where it is: many budgets on one size's stretch are one fact,
not many.

The smallest and the largest size tried are left out of the law. Where the smallest wins a smaller
one might have won, and where the largest wins a larger one might: they show where the ladder ends,
not where the optimum is. Left out too is a size whose stretch ends because a curve ends or begins
there, and not because two curves cross.
"""

from dataclasses import dataclass

import numpy as np

from analysis.fits.approaches.budgets import flops_of
from analysis.fits.linear import Linear, least_squares
from analysis.fits.points import Runs, need_spread

METHODS = ("interpolated", "hull")
BUDGETS = 1500  # on a log axis, as in the paper
LEAST_WINNERS = 3  # sizes inside the ladder for a law with an interval


@dataclass(frozen=True)
class Envelope:
    """N_opt = factor C^exponent through the sizes that are lowest somewhere."""

    exponent: float
    exponent_interval: tuple[float, float]
    factor: float
    law: Linear
    n: np.ndarray  # (k,) sizes inside the ladder that are lowest somewhere
    flops: np.ndarray  # (k,) the middle of the budgets where they are
    left_out: tuple[float, ...]  # sizes at the ends of the ladder that are lowest somewhere

    def n_opt(self, flops) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The best size at ``flops`` (m,), with its 95 % confidence interval."""
        X = np.column_stack(
            [np.ones(np.size(flops)), np.log(np.atleast_1d(flops)) - np.log(self.flops).mean()]
        )
        fitted = self.law.predict(X)
        return np.exp(fitted.value), np.exp(fitted.low), np.exp(fitted.high)


def fit(runs: Runs, method: str = "interpolated") -> Envelope:
    """The envelope of ``runs`` with columns n, loss and flops (else d: 6ND), one row per
    checkpoint.

    Rows of one size are one curve. ``interpolated`` compares curves at BUDGETS budgets, straight
    between checkpoints on log axes; ``hull`` takes the lower convex hull of all checkpoints, which
    no curve's bumps can dent. ValueError where fewer than LEAST_WINNERS sizes inside the ladder are
    lowest somewhere.
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
    need_spread(runs, "n", LEAST_WINNERS + 2, "an envelope")
    flops, _, n = frontier(runs, method)
    sizes = np.unique(runs["n"])
    winners = np.unique(n[(n > sizes[0]) & (n < sizes[-1])])
    if method == "interpolated":
        crossed = _crossed(*_curves(runs))
        winners = np.array([v for v in winners if v in crossed])
    if len(winners) < LEAST_WINNERS:
        sizes_text = ", ".join(f"{v:.3g}" for v in winners) or "none"
        raise ValueError(
            f"an envelope needs {LEAST_WINNERS} sizes inside the ladder that are best somewhere, "
            f"found {len(winners)} ({sizes_text}) of {len(sizes)}; train the others shorter or "
            "longer, so that curves cross"
        )
    middle = np.array(
        [np.mean(np.log([flops[n == v].min(), flops[n == v].max()])) for v in winners]
    )
    line = least_squares(
        np.column_stack([np.ones(len(winners)), middle - middle.mean()]),
        np.log(winners),
        "the law of the envelope",
    )
    slope = float(line.coefficients[1])
    low, high = line.coefficient_intervals()[1]
    ends = tuple(float(v) for v in (sizes[0], sizes[-1]) if (n == v).any())
    return Envelope(
        slope,
        (float(low), float(high)),
        float(np.exp(line.coefficients[0] - slope * middle.mean())),
        line,
        winners,
        np.exp(middle),
        ends,
    )


def frontier(runs: Runs, method: str = "interpolated") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """FLOPs, loss and size (m,) along the lower envelope, least FLOPs first."""
    if method == "hull":
        return _hull(np.log(flops_of(runs)), np.log(runs["loss"]), runs["n"])
    sizes, budgets, curves = _curves(runs)
    best = np.argmin(curves, axis=0)
    lowest = curves[best, np.arange(BUDGETS)]
    seen = np.isfinite(lowest)
    return np.exp(budgets[seen]), np.exp(lowest[seen]), sizes[best[seen]]


def _curves(runs: Runs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sizes (k,), log budgets (b,) and each size's log loss there (k, b), infinite where it has no
    curve.
    """
    log_c, log_loss = np.log(flops_of(runs)), np.log(runs["loss"])
    sizes = np.unique(runs["n"])
    budgets = np.linspace(log_c.min(), log_c.max(), BUDGETS)
    curves = np.full((len(sizes), BUDGETS), np.inf)
    for row, size in enumerate(sizes):
        mine = np.flatnonzero(runs["n"] == size)
        mine = mine[np.argsort(log_c[mine], kind="stable")]
        curves[row] = np.interp(budgets, log_c[mine], log_loss[mine], left=np.inf, right=np.inf)
    return sizes, budgets, curves


def _crossed(sizes: np.ndarray, budgets: np.ndarray, curves: np.ndarray) -> set[float]:
    """The sizes that are lowest between two crossings of curves that both go on."""
    best = np.argmin(curves, axis=0)
    between = set()
    for row, size in enumerate(sizes):
        mine = np.flatnonzero(best == row)
        if not len(mine) or mine[0] == 0 or mine[-1] == len(budgets) - 1:
            continue
        before, after = mine[0] - 1, mine[-1] + 1
        met = (
            curves[row, before],
            curves[best[before], mine[0]],
            curves[row, after],
            curves[best[after], mine[-1]],
        )
        if np.isfinite(met).all():
            between.add(float(size))
    return between


def _hull(log_c, log_loss, n):
    """The lower convex hull from the cheapest point to the lowest one (Andrew's monotone chain)."""
    order = np.lexsort((log_loss, log_c))
    chain: list[int] = []
    for i in order:
        while len(chain) > 1:
            a, b = chain[-2:]
            across, fall = log_c[b] - log_c[a], log_loss[b] - log_loss[a]
            if across * (log_loss[i] - log_loss[a]) > fall * (log_c[i] - log_c[a]):
                break
            chain.pop()
        chain.append(i)
    lowest = int(np.argmin(log_loss[chain]))
    kept = np.array(chain[: lowest + 1])
    return np.exp(log_c[kept]), np.exp(log_loss[kept]), n[kept]
