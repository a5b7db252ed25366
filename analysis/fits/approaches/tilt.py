"""Do runs larger than their budget's best lie above what size and data explain?

That is how models look whose learning rate was not tuned for their size: the farther above the
minimum, the more they lose. The minima then move to smaller sizes, and the exponent with them. An
isoFLOP curve is not symmetric by itself, so the comparison is not with a parabola but with the law
E + A/N^alpha + B/D^beta of the same runs, an interaction of size and data let in beside it
(Kaplan et al., arXiv 2001.08361, equation 1.5, has one).

In 40 simulated studies each (4 budgets of 9 sizes, noise 0.1 to 1 %): of three laws without a tilt
1 to 3 were told to have one; where every doubling of size beyond a fixed one costs 1 % more loss,
40, 34 and 9 were at a noise of 0.1, 0.3 and 1 %, where it costs 3 % all were. The exponent without
the tilt takes out what sizes beyond a fixed one lose. Of 40 studies each of 6, 7 and 9 sizes, about
each budget's best or the same at each, its median is .41 to .47 at a noise of 0.1 and 0.3 % where
.45 is true and the exponent with the tilt is .19 to .37; at 1 % its errors reach .2.
"""

from dataclasses import dataclass, replace

import numpy as np

from analysis.fits.approaches import isoflop, parametric
from analysis.fits.approaches.budgets import flops_of
from analysis.fits.distributions import t_above
from analysis.fits.points import Runs

LEVEL = 0.005  # chance below which a tilt is told
LEAST_ABOVE = 3  # runs larger than the best size of their FLOPs
MOST_KINKS = 24  # sizes tried as the one beyond which loss rises
ROUNDS = 4  # fits of the law to what is left


@dataclass(frozen=True)
class Tilt:
    """What runs larger than their budget's minimum lose more, beside the law of size and data."""

    per_doubling: float  # of size above the minimum: the share by which loss rises
    chance: float  # of so much or more where there is none (one-sided)
    exponent: float | None  # of the minima without it; None: not reported, or no law is left
    rows: tuple[str, ...]  # the runs above the best size

    @property
    def reported(self) -> bool:
        return self.chance < LEVEL


def tilt(runs: Runs, fitted: isoflop.IsoFlop) -> Tilt | None:
    """Of ``runs``, against the law ``fitted`` of their minima; None where approach 3 cannot be
    fitted to them, or fewer than LEAST_ABOVE lie above it.
    """
    n, flops = runs["n"], flops_of(runs)
    above = np.maximum(np.log(n / fitted.n_opt(flops)[0]), 0.0)
    rows = np.flatnonzero(above)
    columns = {"n": n, "d": runs.columns.get("d", flops / (6 * n)), "loss": runs["loss"]}
    both = Runs.checked(runs.names, columns, runs.cluster, {name: name for name in columns})
    if len(rows) < LEAST_ABOVE or len(runs) <= len(parametric.PARAMETERS) + 2:
        return None
    try:
        slope, chance = _slope(both, above)
    except ValueError:  # sizes and data that this law cannot tell apart: nothing to compare with
        return None
    if chance is None:
        return None
    found = Tilt(
        float(np.expm1(slope * np.log(2))), chance, None, tuple(runs.names[i] for i in rows)
    )
    if not found.reported:
        return found
    try:
        return replace(found, exponent=isoflop.fit(_levelled(runs, both)).exponent)
    except ValueError:  # without it a budget has no minimum within its sizes
        return found


def _levelled(runs: Runs, both: Runs) -> Runs:
    """``runs`` without what each size beyond one size loses more: the size by which the law, fitted
    again to what is left, leaves the least.
    """
    sizes = np.unique(both["n"])
    between = np.sqrt(sizes[1:] * sizes[:-1])
    kinks = np.sort(np.concatenate([sizes, between]))[1:-2]  # a size or more beyond each
    if len(kinks) > MOST_KINKS:
        kinks = kinks[np.linspace(0, len(kinks) - 1, MOST_KINKS).round().astype(int)]
    beyond = np.maximum(np.log(both["n"] / kinks[:, None]), 0.0)
    level = both
    for _ in range(ROUNDS):
        X, residuals = _model(level, both)
        left, slopes = zip(*(_fitted(X, residuals, column)[:2] for column in beyond))
        best = int(np.argmin(left))
        loss = both["loss"] * np.exp(-slopes[best] * beyond[best])
        level = replace(both, columns={**both.columns, "loss": loss})
    return replace(runs, columns={**runs.columns, "loss": level["loss"]})


def _slope(runs: Runs, column: np.ndarray) -> tuple[float, float | None]:
    """By how much log loss rises with ``column``, and the chance of so much where it does not; None
    without a degree of freedom.
    """
    X, residuals = _model(runs, runs)
    left, slope, error, dof = _fitted(X, residuals, column)
    if dof < 1:
        return slope, None
    deviation = error * np.sqrt(left / dof)
    return slope, float(t_above(slope / deviation, dof)) if deviation > 0 else float(slope <= 0)


def _model(fitted: Runs, runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """What may bend the law of ``fitted`` at ``runs`` (m, 6), and log losses above it (m,)."""
    law = parametric.fit(fitted).view()
    value, floor = law.log_law(law.estimate, runs.columns), law.estimate[0]
    reducible = np.exp(value) - floor
    interaction = reducible * np.log(reducible) / (floor + reducible)
    return np.column_stack([law.jacobian(), interaction]), np.log(runs["loss"]) - value


def _fitted(
    X: np.ndarray, residuals: np.ndarray, column: np.ndarray
) -> tuple[float, float, float, int]:
    """Squares left by ``X`` and ``column`` together, the slope along ``column``, its error for a
    scatter of 1, and the degrees of freedom.
    """
    X = np.column_stack([X, column])
    scale = np.linalg.norm(X, axis=0)
    scale[scale == 0] = 1.0
    coefficients, _, rank, _ = np.linalg.lstsq(X / scale, residuals, rcond=1e-10)
    left = residuals - (X / scale) @ coefficients
    inverse = np.linalg.pinv((X / scale).T @ (X / scale), rcond=1e-12)
    return (
        float(left @ left),
        float(coefficients[-1] / scale[-1]),
        float(np.sqrt(inverse[-1, -1]) / scale[-1]),
        len(residuals) - int(rank),
    )
