"""Do runs larger than their budget's best lie above what size and data explain?

That is how models look whose learning rate was not tuned for their size: the farther above the
minimum, the more they lose. The minima then move to smaller sizes, and the exponent with them. An
isoFLOP curve is not symmetric by itself, so the comparison is not with a parabola but with the law
E + A/N^alpha + B/D^beta of the same runs, an interaction of size and data let in beside it
(Kaplan et al., arXiv 2001.08361, equation 1.5, has one).

In 40 simulated studies each (4 budgets of 9 sizes, noise 0.1 to 1 %): of three laws without a tilt
1 to 3 were told to have one; where every doubling of size beyond a fixed one costs 1 % more loss,
40, 34 and 9 were at a noise of 0.1, 0.3 and 1 %, where it costs 3 % all were. The exponent without
the tilt, .38 to .44, is nearer to the true .45 than the exponent with it, .24 to .38.
"""

from dataclasses import dataclass, replace

import numpy as np

from analysis.fits.approaches import isoflop, parametric
from analysis.fits.approaches.budgets import flops_of
from analysis.fits.distributions import t_above
from analysis.fits.points import Runs

LEVEL = 0.005  # chance below which a tilt is told
LEAST_ABOVE = 3  # runs larger than the best size of their FLOPs


@dataclass(frozen=True)
class Tilt:
    """What runs larger than their budget's minimum lose more, beside the law of size and data."""

    per_doubling: float  # of size above the minimum: the share by which loss rises
    chance: float  # of so much or more where there is none (one-sided)
    exponent: float | None  # of the law of the minima without it; None: they have none then
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
        law = parametric.fit(both).view()
    except ValueError:  # sizes and data that this law cannot tell apart: nothing to compare with
        return None
    reducible = np.exp(law.log_law(law.estimate, both.columns)) - law.estimate[0]
    interaction = reducible * np.log(reducible) / (law.estimate[0] + reducible)
    X = np.column_stack([law.jacobian(), interaction, above])
    scale = np.linalg.norm(X, axis=0)
    scale[scale == 0] = 1.0
    coefficients, _, rank, _ = np.linalg.lstsq(X / scale, -law.residuals, rcond=1e-10)
    dof = len(runs) - rank
    if dof < 1:
        return None
    left = -law.residuals - (X / scale) @ coefficients
    inverse = np.linalg.pinv((X / scale).T @ (X / scale), rcond=1e-12)
    error = np.sqrt(left @ left / dof * inverse[-1, -1])
    slope = coefficients[-1] / scale[-1]
    chance = float(t_above(coefficients[-1] / error, dof)) if error > 0 else float(slope <= 0)
    level = runs["loss"] * np.exp(-slope * above)
    try:
        straight = isoflop.fit(replace(runs, columns={**runs.columns, "loss": level})).exponent
    except ValueError:  # without it a budget has no minimum within its sizes
        straight = None
    return Tilt(
        float(np.expm1(slope * np.log(2))), chance, straight, tuple(runs.names[i] for i in rows)
    )
