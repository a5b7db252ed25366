"""Which model size is best at one budget? The minimum of a curve of log loss in log N.

A budget gives no minimum, and says why, where its runs are too few for the curve, the curve is not
convex at its stationary point, or that point lies outside the sizes tried: a curve that still falls
at its end has no optimum yet.

A parabola is symmetric in log N and the truth is not: on noise-free curves it errs by up to 22 % in
N_opt at larger budgets, the cubic by 0.5 %. So the cubic is the default wherever a budget has the
five sizes it needs; the farther a run lies above the lowest, the less it weighs in it (``DECAY``).
"""

from dataclasses import dataclass

import numpy as np

from analysis.fits.approaches.budgets import flops_of
from analysis.fits.points import Runs

DEGREES = {"parabola": 2, "cubic": 3, "quartic": 4}
CURVES = ("parabola", "cubic")
DECAY = 0.05  # log loss above the budget's lowest run at which a run's weight in a cubic is 1/e
LEAST_WEIGHT = 1e-6  # so that no run is lost to rounding


@dataclass(frozen=True)
class Minimum:
    """One budget: its optimum, or why it has none."""

    flops: float  # geometric mean of the runs'
    runs: tuple[str, ...]
    n: float | None  # the best model size
    loss: float | None  # there
    # standard error of log n, from the scatter about the curve; None: no scatter
    log_n_error: float | None
    curve: str  # parabola or cubic
    coefficients: np.ndarray | None  # of log loss in powers of (log N - centre), constant first
    centre: float | None
    why: str  # there is no minimum; "" where there is

    def line(self, n: np.ndarray) -> np.ndarray:
        """The curve's loss at sizes ``n``."""
        if self.coefficients is None:
            raise ValueError(f"the budget {self.flops:.3g} has no curve: {self.why}")
        return np.exp(np.polynomial.polynomial.polyval(np.log(n) - self.centre, self.coefficients))


def minimum(runs: Runs, curve: str = "auto") -> Minimum:
    """The minimum of a curve of log loss in log N through the runs of one budget."""
    if curve not in ("auto", *CURVES):
        raise ValueError(f"no curve {curve!r}; there are auto, {', '.join(CURVES)}")
    sizes = np.unique(runs["n"])
    chosen = ("cubic" if len(sizes) >= 5 else "parabola") if curve == "auto" else curve
    return _minimum(runs, chosen)


def a_degree_higher(runs: Runs, fitted: Minimum) -> float:
    """The best size by a curve one degree higher; ``fitted``'s own where that has no minimum or too
    few sizes.
    """
    names = list(DEGREES)
    higher = _minimum(runs, names[names.index(fitted.curve) + 1])
    return fitted.n if higher.n is None else higher.n


def _minimum(runs: Runs, chosen: str) -> Minimum:
    sizes = np.unique(runs["n"])
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
    # A cubic is the more wrong the farther it reaches: what is far above the minimum shall not bend
    # it there.
    weights = np.ones(len(u))
    if chosen == "cubic":
        weights = np.maximum(np.exp((log_loss.min() - log_loss) / DECAY), LEAST_WEIGHT)
    root = np.sqrt(weights)
    coefficients = np.linalg.lstsq(powers * root[:, None], log_loss * root, rcond=None)[0]
    at = _stationary(coefficients)
    if at is None:
        return refused("the curve is not convex: it has no minimum", coefficients, centre)
    if not u.min() < at < u.max():
        side = "smallest" if at <= u.min() else "largest"
        # of an all but straight curve it is beyond any number
        place = np.exp(min(at + centre, 700))
        return refused(
            f"not bracketed: the curve is lowest beyond the {side} size tried ({place:.3g})",
            coefficients,
            centre,
        )
    best = np.polynomial.polynomial.polyval(at, coefficients)
    if best > log_loss[[np.argmin(u), np.argmax(u)]].min():
        return refused(
            "not bracketed: a run at the end of the sizes tried is below the curve's minimum",
            coefficients,
            centre,
        )
    return Minimum(
        flops,
        runs.names,
        float(np.exp(at + centre)),
        float(np.exp(best)),
        _error(powers, log_loss, weights, coefficients, at),
        chosen,
        coefficients,
        centre,
        "",
    )


def _stationary(coefficients: np.ndarray) -> float | None:
    """Where the derivative is 0 and the second derivative positive: one place of a cubic at most,
    the lowest of a quartic.
    """
    if len(coefficients) > 4:
        polynomial = np.polynomial.Polynomial(coefficients)
        roots = [
            x.real
            for x in polynomial.deriv().roots()
            if abs(x.imag) < 1e-9 and polynomial.deriv(2)(x.real) > 0
        ]
        return float(min(roots, key=polynomial)) if roots else None
    c1, c2, c3 = (*coefficients[1:], 0.0)[:3]
    inside = c2 * c2 - 3 * c1 * c3
    if inside <= 0:
        return None
    root = np.sqrt(inside)  # half the second derivative there
    if c2 > 0:
        return float(-c1 / (c2 + root))  # the form that a vanishing c3 leaves exact
    return float((root - c2) / (3 * c3)) if c3 != 0 else None


def _error(powers, log_loss, weights, coefficients, at) -> float | None:
    """Standard error of the minimum's place: the derivative's error there over the curve's bend
    (delta method).

    All runs scatter alike, whatever their weight.
    """
    n, p = powers.shape
    if n <= p:
        return None
    residual = log_loss - powers @ coefficients
    inverse = np.linalg.inv(powers.T * weights @ powers)
    squared = powers.T * weights**2 @ powers
    variance = weights @ residual**2 / (weights.sum() - np.trace(inverse @ squared))
    slope_row = np.array([k * at ** (k - 1) if k else 0.0 for k in range(p)])
    bend = sum(k * (k - 1) * coefficients[k] * at ** (k - 2) for k in range(2, p))
    return float(np.sqrt(variance * slope_row @ inverse @ squared @ inverse @ slope_row) / bend)
