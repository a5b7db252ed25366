"""What is recipe B worth over recipe A over all curves together, and do the curves agree?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.answers.compare.comparison import Comparison
from analysis.answers.contrast import Part
from analysis.fits.distributions import f_above

DIFFER = 0.05  # chance of differences so large between curves, below which they are told


@dataclass(frozen=True)
class Joint:
    """The mean over curves, each counting the same, whatever its rungs."""

    log: Part  # of the log multiplier
    curves: int
    differ: float  # chance of such differences between curves, were the multiplier one for all

    @property
    def multiplier(self) -> float:
        return math.exp(self.log.value)

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, for these curves: other patches are not in it."""
        low, high = self.log.interval()
        return math.exp(low), math.exp(high)


def joint(comparisons: Sequence[Comparison]) -> Joint | None:
    """Of curves whose trainings are all apart; None of fewer than two.

    The interval is Student's, with Satterthwaite's degrees of freedom; the test is Cochran's Q of
    the curves' own multipliers, against F, since their errors are estimated.
    """
    if len(comparisons) < 2:
        return None
    values = np.array([comparison.mean.value for comparison in comparisons])
    variances = np.array([comparison.mean.error**2 for comparison in comparisons])
    dofs = np.array([comparison.mean.dof for comparison in comparisons])
    k, total = len(values), float(variances.sum())
    dof = float(dofs.sum()) if total == 0 else total**2 / float(np.sum(variances**2 / dofs))
    records = tuple(
        dict.fromkeys(name for comparison in comparisons for name in comparison.records)
    )
    mean = Part(f"{k} curves", float(values.mean()), math.sqrt(total) / k, dof, records)
    if (variances == 0).any():
        differ = 1.0 if np.ptp(values) == 0 else 0.0
    else:
        weights = 1 / variances
        centre = weights @ values / weights.sum()
        spread = float(weights @ (values - centre) ** 2) / (k - 1)
        differ = float(f_above(spread, k - 1, dof))
    return Joint(mean, k, differ)
