"""Which model is best at each budget, and how does that grow (approach 2)? Parabola or cubic of log loss in log N.

Hoffmann et al. 2022, section 3.2. At each budget of training FLOPs the runs trade model size for data; the minimum of a
curve through them is the best size there, and a power law through the minima is N_opt = G C^a.

Runs of one budget have spent almost the same: ``at_budget`` makes it the same, where a size has several lengths.

A budget gives no minimum, and says why, where its runs are too few for the curve, the curve is not convex at its
stationary point, or that point lies outside the sizes tried: a curve that still falls at its end has no optimum yet.

A parabola is symmetric in log N and the truth is not: on noise-free curves it errs by up to 22 % in N_opt at larger
budgets, the cubic by 0.5 %. So the cubic is the default wherever a budget has the five runs it needs. Intervals are of the
scatter of the minima about their law; what is left of the curve's own error is not in them: some 0.001 of an exponent, and
0.05 where the minima lie in the smallest fifth of the sizes tried.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import make_interp_spline

from analysis.fits.linear import Linear, least_squares
from analysis.fits.points import NAMED, Runs, listed

DEGREES = {"parabola": 2, "cubic": 3}
SAME_BUDGET = 1.25    # runs within this factor of each other's FLOPs are of one budget
SAME_LENGTH = 1.02    # runs of a size within it are repeats
LEAST_BUDGETS = 3     # minima for a power law with an interval


@dataclass(frozen=True)
class Minimum:
    """One budget: its optimum, or why it has none."""

    flops: float                       # geometric mean of the runs'
    runs: tuple[str, ...]
    n: float | None                    # the best model size
    loss: float | None                 # there
    log_n_error: float | None          # standard error of log n, from the scatter about the curve; None: no scatter
    curve: str                         # parabola or cubic
    coefficients: np.ndarray | None    # of log loss in powers of (log N - centre), constant first
    centre: float | None
    why: str                           # there is no minimum; "" where there is

    def line(self, n: np.ndarray) -> np.ndarray:
        """The curve's loss at sizes ``n``."""
        if self.coefficients is None:
            raise ValueError(f"the budget {self.flops:.3g} has no curve: {self.why}")
        return np.exp(np.polynomial.polynomial.polyval(np.log(n) - self.centre, self.coefficients))


@dataclass(frozen=True)
class IsoFlop:
    """N_opt = factor C^exponent through the minima of the budgets that have one."""

    exponent: float
    exponent_interval: tuple[float, float]
    factor: float
    law: Linear
    minima: tuple[Minimum, ...]

    @property
    def used(self) -> tuple[Minimum, ...]:
        return tuple(m for m in self.minima if m.n is not None)

    def n_opt(self, flops) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The best size at ``flops`` (m,), with its 95 % confidence interval."""
        X = np.column_stack([np.ones(np.size(flops)), np.log(np.atleast_1d(flops)) - self._centre])
        found = self.law.predict(X)
        return np.exp(found.value), np.exp(found.low), np.exp(found.high)

    @property
    def _centre(self) -> float:
        return float(np.mean([np.log(m.flops) for m in self.used]))


def fit(runs: Runs, curve: str = "auto") -> IsoFlop:
    """Minima and their law over ``runs`` with columns n, loss and flops (else d: 6ND).

    ``curve`` is parabola, cubic, or auto: the cubic where a budget has five sizes or more, else the parabola.
    ValueError where fewer than LEAST_BUDGETS budgets have a minimum, with each one's reason.
    """
    minima = tuple(minimum(at_budget(one, runs), curve) for one in by_budget(runs))
    used = [m for m in minima if m.n is not None]
    if len(used) < LEAST_BUDGETS:
        without = [m for m in minima if m.n is None]
        reasons = "; ".join(f"{m.flops:.3g} FLOPs: {m.why}" for m in without[:NAMED])
        reasons += f"; and {len(without) - NAMED} more" if len(without) > NAMED else ""
        raise ValueError(f"isoFLOP needs {LEAST_BUDGETS} budgets with a minimum, found {len(used)} of {len(minima)} "
                         f"({reasons or 'all budgets have one'}); add {LEAST_BUDGETS - len(used)}")
    log_c, log_n = np.log([m.flops for m in used]), np.log([m.n for m in used])
    centre = log_c.mean()
    line = least_squares(np.column_stack([np.ones(len(used)), log_c - centre]), log_n, "the law of the minima")
    slope = float(line.coefficients[1])
    low, high = line.coefficient_intervals()[1]
    return IsoFlop(slope, (float(low), float(high)), float(np.exp(line.coefficients[0] - slope * centre)), line, minima)


def flops_of(runs: Runs) -> np.ndarray:
    """The exact training FLOPs of each run where the table has them, else 6ND (n,)."""
    return runs["flops"] if "flops" in runs.columns else 6 * runs["n"] * runs["d"]


def by_budget(runs: Runs) -> list[Runs]:
    """The runs of each budget, least FLOPs first. ValueError where no budget has two models."""
    flops = flops_of(runs)
    order = np.argsort(flops, kind="stable")
    groups, first = [[order[0]]], flops[order[0]]
    for i in order[1:]:
        if flops[i] > SAME_BUDGET * first:
            groups.append([])
            first = flops[i]
        groups[-1].append(i)
    if all(len(np.unique(runs["n"][group])) == 1 for group in groups):
        raise ValueError(f"every budget has one model size, as {listed(runs.names, groups[0])} at {first:.3g} FLOPs: "
                         "isoFLOP compares sizes at one budget; train more sizes at each, within "
                         f"{SAME_BUDGET:g} of the same FLOPs")
    return [runs.take(np.sort(group)) for group in groups]


def at_budget(group: Runs, runs: Runs) -> Runs:
    """``group``, runs of one budget, with the losses they would have at its very FLOPs, their geometric mean.

    Each moves along the curve of its own size among all ``runs``, straight between lengths on log axes: runs spent a few per
    cent more or less, and a size's loss falls by as much in that as it differs between sizes. A size of one length stays.
    """
    at = np.log(flops_of(group)).mean()
    moved = np.log(group["loss"])
    for n in np.unique(group["n"]):
        own, mine = runs.take(np.flatnonzero(runs["n"] == n)), group["n"] == n
        curve = _curve(np.log(flops_of(own)), np.log(own["loss"]))
        moved[mine] += curve(np.full(mine.sum(), at)) - curve(np.log(flops_of(group))[mine])
    return replace(group, columns=group.columns | {"loss": np.exp(moved)})


def _curve(log_c: np.ndarray, log_loss: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Straight between lengths, and on beyond the first and the last; constant where there is one."""
    order = np.argsort(log_c, kind="stable")
    knots: list[list[int]] = []
    for i in order:
        if not knots or log_c[i] - log_c[knots[-1][0]] > np.log(SAME_LENGTH):
            knots.append([])
        knots[-1].append(i)
    x, y = (np.array([values[knot].mean() for knot in knots]) for values in (log_c, log_loss))
    if len(x) == 1:
        return lambda at: np.full(len(at), y[0])
    return make_interp_spline(x, y, k=1)


def minimum(runs: Runs, curve: str = "auto") -> Minimum:
    """The minimum of a curve of log loss in log N through the runs of one budget."""
    if curve not in ("auto", *DEGREES):
        raise ValueError(f"no curve {curve!r}; there are auto, {', '.join(DEGREES)}")
    sizes = np.unique(runs["n"])
    chosen = ("cubic" if len(sizes) >= 5 else "parabola") if curve == "auto" else curve
    flops = float(np.exp(np.log(flops_of(runs)).mean()))
    degree = DEGREES[chosen]

    def refused(why: str, coefficients=None, centre=None) -> Minimum:
        return Minimum(flops, runs.names, None, None, None, chosen, coefficients, centre, why)

    if len(sizes) < degree + 1:
        return refused(f"a {chosen} needs {degree + 1} model sizes, found {len(sizes)}")
    log_n, log_loss = np.log(runs["n"]), np.log(runs["loss"])
    centre = float(log_n.mean())
    u = log_n - centre
    powers = np.vander(u, degree + 1, increasing=True)
    coefficients = np.linalg.lstsq(powers, log_loss, rcond=None)[0]
    at = _stationary(coefficients)
    if at is None:
        return refused("the curve is not convex: it has no minimum", coefficients, centre)
    if not u.min() < at < u.max():
        side = "smallest" if at <= u.min() else "largest"
        return refused(f"not bracketed: the curve is lowest beyond the {side} size tried ({np.exp(at + centre):.3g})",
                       coefficients, centre)
    best = np.polynomial.polynomial.polyval(at, coefficients)
    if best > log_loss[[np.argmin(u), np.argmax(u)]].min():
        return refused("not bracketed: a run at the end of the sizes tried is below the curve's minimum",
                       coefficients, centre)
    return Minimum(flops, runs.names, float(np.exp(at + centre)), float(np.exp(best)),
                   _error(powers, log_loss, coefficients, at), chosen, coefficients, centre, "")


def _stationary(coefficients: np.ndarray) -> float | None:
    """Where the derivative is zero and the second derivative positive; of a cubic there is one such point at most."""
    c1, c2, c3 = (*coefficients[1:], 0.0)[:3]
    inside = c2 * c2 - 3 * c1 * c3
    if inside <= 0:
        return None
    root = np.sqrt(inside)  # half the second derivative there
    if c2 > 0:
        return float(-c1 / (c2 + root))  # the form that a vanishing c3 leaves exact
    return float((root - c2) / (3 * c3)) if c3 != 0 else None


def _error(powers, log_loss, coefficients, at) -> float | None:
    """Standard error of the minimum's place: the derivative's error there over the curve's bend (delta method)."""
    n, p = powers.shape
    if n <= p:
        return None
    residual = log_loss - powers @ coefficients
    variance = residual @ residual / (n - p)
    slope_row = np.array([k * at ** (k - 1) if k else 0.0 for k in range(p)])
    bend = sum(k * (k - 1) * coefficients[k] * at ** (k - 2) for k in range(2, p))
    return float(np.sqrt(variance * slope_row @ np.linalg.inv(powers.T @ powers) @ slope_row) / bend)
