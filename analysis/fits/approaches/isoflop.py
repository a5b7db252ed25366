"""How does the best model size grow with the budget (approach 2)? A power law through the minima.

Hoffmann et al. 2022, section 3.2. At each budget of training FLOPs the runs trade model size for
data; the minimum of a curve through them is the best size there, and a power law through the minima
is N_opt = G C^a. Runs of one budget have spent almost the same: ``at_budget`` makes it the same,
where a size has several lengths.

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

from analysis.fits.approaches.budgets import at_budget, by_budget
from analysis.fits.approaches.minima import DEGREES, Minimum, a_degree_higher, minimum
from analysis.fits.linear import Linear, least_squares
from analysis.fits.points import Runs
from analysis.text import NAMED

LEAST_BUDGETS = 3  # minima for a power law with an interval
FEW_BUDGETS = 4  # up to which their scatter alone, of one or two degrees of freedom, says little
ALIKE = 0.25  # chance of scatter so large from the minima's own errors, below which it stands alone


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
            f"({reasons or 'all budgets have one'}); add {LEAST_BUDGETS - len(used)}"
        )
    log_c = np.log([m.flops for m in used])
    centre = log_c.mean()
    X = np.column_stack([np.ones(len(used)), log_c - centre])
    line, higher = (
        least_squares(X, np.log(n), "the law of the minima")
        for n in (
            [m.n for m in used],
            [a_degree_higher(group, m) for group, m in zip(budgets, minima) if m.n is not None],
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
