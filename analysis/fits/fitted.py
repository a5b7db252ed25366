"""What can every fitted law be asked alike? Its figures, its derivatives, and the same fit to other
figures.

Checks and intervals are written once, for this view; each law gives it (``Approach3.view``,
``Curve.view``, ``Repeats.view``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.fits.points import Runs

# parameters that are positive and often tiny or huge: their size is on the logarithm
POSITIVE = frozenset({"E", "A", "B", "x_break", "width", "half_life"})
STEP = 1e-5  # of a derivative, in logarithms or exponents

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Form:
    """Another law of the same rows, with more freedom than the one that was asked for."""

    title: str
    # log figures of the form fitted to figures (S, n) at the rows of the second columns (m,):
    # (S, m)
    predict: Callable[[Columns, np.ndarray, Columns], np.ndarray]
    parameters: int
    all_rows: bool = True  # it is fitted to all rows, not to a part of them
    # the role series of each of its laws, by name, where it has one for each
    series: Mapping[str, float] = field(default_factory=dict)
    kept: Callable[[Columns], np.ndarray] | None = None  # which rows it is fitted to (n,)

    def scatter(self, left: np.ndarray, columns: Columns) -> float:
        """The scatter that ``left`` (n,), in units of their errors, shows at the rows fitted."""
        if self.kept is not None:
            left = left[self.kept(columns)]
        return float(np.sqrt(np.pi / 2) * np.abs(left).sum() / max(len(left) - self.parameters, 1))


@dataclass(frozen=True)
class View:
    """A law of p parameters fitted to n rows."""

    title: str
    names: tuple[str, ...]
    estimate: np.ndarray  # (p,)
    runs: Runs
    measured: str  # the column that the law explains
    axes: tuple[str, ...]  # the columns that explain it
    # parameters (..., p) and columns of m rows -> log figures (..., m)
    log_law: Callable[[np.ndarray, Columns], np.ndarray]
    # columns, figures (S, n), weights (S, n) -> parameters (S, p), by the same optimiser
    refit: Callable[[Columns, np.ndarray, np.ndarray], np.ndarray]
    again: Callable[[Runs], "View"]  # the same law of other rows
    # parameters that the search holds between two ends
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    answer: str = ""  # the parameter, or the figure of ``answers``, that people ask for
    answers: Mapping[str, Callable[[np.ndarray], np.ndarray]] = field(default_factory=dict)
    richer: Sequence[Form] = ()  # asked where the law does not fit
    unseen: Sequence[Form] = ()  # asked of few rows, which could not tell them from the law

    @property
    def values(self) -> np.ndarray:
        """What was measured (n,)."""
        return self.runs[self.measured]

    @property
    def residuals(self) -> np.ndarray:
        """log fitted - log measured (n,)."""
        return self.log_law(self.estimate, self.runs.columns) - np.log(self.values)

    def answered(self, parameters: np.ndarray) -> np.ndarray:
        """``answer`` of parameters (..., p)."""
        if self.answer in self.answers:
            return self.answers[self.answer](parameters)
        return parameters[..., self.names.index(self.answer)]

    def jacobian(self) -> np.ndarray:
        """d log figures / d parameters (n, p), by the logarithm of POSITIVE ones."""
        return derivatives(lambda p: self.log_law(p, self.runs.columns), self.names, self.estimate)


def derivatives(
    statistic: Callable[[np.ndarray], np.ndarray], names: Sequence[str], estimate: np.ndarray
) -> np.ndarray:
    """d figure / d parameters (..., p) at ``estimate`` (p,), by the logarithm of POSITIVE ones;
    ``statistic`` maps parameters (p,) to (...).
    """
    slopes = []
    for k, name in enumerate(names):
        ends = []
        for step in (STEP, -STEP):
            moved = np.array(estimate, float)
            moved[k] = moved[k] * np.exp(step) if name in POSITIVE else moved[k] + step
            ends.append(statistic(moved))
        slopes.append((ends[0] - ends[1]) / (2 * STEP))
    return np.stack(slopes, axis=-1)
