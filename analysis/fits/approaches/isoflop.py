"""Which model is best at each budget, and how does that grow (approach 2)? Parabola or cubic of log
loss in log N.

Hoffmann et al. 2022, section 3.2. At each budget of training FLOPs the runs trade model size for
data; the minimum of a curve through them is the best size there, and a power law through the minima
is N_opt = G C^a. Runs of one budget have spent almost the same: ``at_budget`` makes it the same,
where a size has several lengths.

A budget gives no minimum, and says why, where its runs are too few for the curve, the curve is not
convex at its stationary point, or that point lies outside the sizes tried: a curve that still falls
at its end has no optimum yet.

A parabola is symmetric in log N and the truth is not: on noise-free curves it errs by up to 22 % in
N_opt at larger budgets, the cubic by 0.5 %. So the cubic is the default wherever a budget has the
five sizes it needs; the farther a run lies above the lowest, the less it weighs in it (``DECAY``).

An interval is of the scatter of the minima about their law, wider to either side by what curves one
degree higher would change. In 200 simulated studies each (four laws, 9 sizes over two and three
decades, noise 0.1 to 1 %, minima at the small end, amid and at the large end: 72 cases) the 95 %
interval held the exponent in 92 to 100 %, in 62 cases in 93 to 99 %; scatter alone, of cubics of
equal weights, in 0 to 98 %, in 20 cases. Amid the sizes it is mostly 1.4 to 1.9 times as wide. What
did not help: the degree chosen by AICc (15 to 98 %) or by leaving runs out (35 to 100 %), budgets
weighed by their minima's errors (0 to 100 %). Parabolas of four sizes err by up to 0.3 of an
exponent and held it in 74 to 100 %.

At three and four budgets that scatter has one or two degrees of freedom. There each budget's own
error of its minimum joins it: of 2 truths, 3 places and 3 noises, 200 studies each, intervals hold
the exponent in 94 to 100 % and are at three budgets 0.4 to 0.7 times as wide.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from analysis.fits.approaches.budgets import at_budget, by_budget, flops_of
from analysis.fits.linear import Linear, least_squares
from analysis.fits.points import Runs
from analysis.text import NAMED

DEGREES = {"parabola": 2, "cubic": 3, "quartic": 4}
CURVES = ("parabola", "cubic")
DECAY = 0.05  # log loss above the budget's lowest run at which a run's weight in a cubic is 1/e
LEAST_WEIGHT = 1e-6  # so that no run is lost to rounding
LEAST_BUDGETS = 3  # minima for a power law with an interval
FEW_BUDGETS = 4  # up to which their scatter alone, of one or two degrees of freedom, says little
ALIKE = 0.25  # chance of scatter so large from the minima's own errors, below which it stands alone


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


@dataclass(frozen=True)
class IsoFlop:
    """N_opt = factor C^exponent through the minima of the budgets that have one.

    Each interval is Student's, of the scatter of the minima about their law, and to either side
    wider by how far off the law is through the minima of curves one degree higher, ``higher``: the
    curves' own error, which scatter does not show.
    """

    exponent: float
    exponent_interval: tuple[float, float]
    factor: float
    law: Linear
    higher: Linear
    minima: tuple[Minimum, ...]

    @property
    def used(self) -> tuple[Minimum, ...]:
        return tuple(m for m in self.minima if m.n is not None)

    def n_opt(self, flops) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The best size at ``flops`` (m,), with its 95 % confidence interval."""
        X = np.column_stack([np.ones(np.size(flops)), np.log(np.atleast_1d(flops)) - self._centre])
        fitted, off = (
            self.law.predict(X),
            np.abs(X @ (self.law.coefficients - self.higher.coefficients)),
        )
        return np.exp(fitted.value), np.exp(fitted.low - off), np.exp(fitted.high + off)

    @property
    def _centre(self) -> float:
        return float(np.mean([np.log(m.flops) for m in self.used]))


def fit(runs: Runs, curve: str = "auto") -> IsoFlop:
    """Minima and their law over ``runs`` with columns n, loss and flops (else d: 6ND).

    ``curve`` is parabola, cubic, or auto: the cubic where a budget has five sizes or more, else the
    parabola. ValueError where fewer than LEAST_BUDGETS budgets have a minimum, with each one's
    reason.
    """
    budgets = [at_budget(group, runs) for group in by_budget(runs)]
    minima = tuple(minimum(group, curve) for group in budgets)
    used = [m for m in minima if m.n is not None]
    if len(used) < LEAST_BUDGETS:
        without = [m for m in minima if m.n is None]
        reasons = "; ".join(f"{m.flops:.3g} FLOPs: {m.why}" for m in without[:NAMED])
        reasons += f"; and {len(without) - NAMED} more" if len(without) > NAMED else ""
        raise ValueError(
            f"isoFLOP needs {LEAST_BUDGETS} budgets with a minimum, found {len(used)} of "
            f"{len(minima)} "
            f"({reasons or 'all budgets have group'}); add {LEAST_BUDGETS - len(used)}"
        )
    log_c = np.log([m.flops for m in used])
    centre = log_c.mean()
    X = np.column_stack([np.ones(len(used)), log_c - centre])
    line, higher = (
        least_squares(X, np.log(n), "the law of the minima")
        for n in (
            [m.n for m in used],
            [_higher(group, m) for group, m in zip(budgets, minima) if m.n is not None],
        )
    )
    line = _with_own_errors(line, used)
    slope = float(line.coefficients[1])
    (low, high), off = line.coefficient_intervals()[1], abs(slope - higher.coefficients[1])
    return IsoFlop(
        slope,
        (float(low - off), float(high + off)),
        float(np.exp(line.coefficients[0] - slope * centre)),
        line,
        higher,
        minima,
    )


def _with_own_errors(line: Linear, used: list[Minimum]) -> Linear:
    """``line`` through the minima ``used``, of few budgets with the errors that the runs about each
    budget's curve tell, pooled with the scatter; the scatter alone where it is larger than those
    errors would make it (Bancroft, 1964, has the level of such a test).
    """
    errors = [m.log_n_error for m in used if m.log_n_error is not None]
    if len(used) > FEW_BUDGETS or len(errors) < len(used):
        return line
    own = float(np.mean(np.square(errors)))
    dof = sum(len(m.runs) - DEGREES[m.curve] - 1 for m in used)
    if own == 0 or stats.f.sf(line.scatter**2 / own, line.dof, dof) < ALIKE:
        return line
    pooled = (dof * own + line.dof * line.scatter**2) / (dof + line.dof)
    return replace(line, scatter=float(np.sqrt(pooled)), dof=dof + line.dof)


def minimum(runs: Runs, curve: str = "auto") -> Minimum:
    """The minimum of a curve of log loss in log N through the runs of one budget."""
    if curve not in ("auto", *CURVES):
        raise ValueError(f"no curve {curve!r}; there are auto, {', '.join(CURVES)}")
    sizes = np.unique(runs["n"])
    chosen = ("cubic" if len(sizes) >= 5 else "parabola") if curve == "auto" else curve
    return _minimum(runs, chosen)


def _higher(runs: Runs, fitted: Minimum) -> float:
    """The best size by a curve one degree higher; ``found``'s own where that has no minimum or too
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
