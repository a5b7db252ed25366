"""Which rows move the answer most, and what is it without them?

Rows that are wrong alike hide each other, so the few of largest pull by the derivatives, to one
side, are left out together. If that moves nothing, each row is left out in turn, and those that
move the answer most together: a row far out bends a law to itself and leaves no residual. It is
reported where the answer moves by REPORTED half intervals: of a law's own noise hardly five of 240
rows do that.
"""

from dataclasses import dataclass

import numpy as np

from analysis.fits.fitted import POSITIVE, View, derivatives
from analysis.fits.linear import Z
from analysis.fits.trust.errors import EXACT, projected

MOST = 5  # rows left out together
ONE_OF = 20  # of so many rows one may be left out
EACH = 400  # rows up to which each is left out in turn; beyond, those of the largest pull
REPORTED = 1.6  # half intervals that the answer must move


@dataclass(frozen=True)
class Influence:
    """The rows that move ``parameter`` most."""

    rows: tuple[int, ...]
    parameter: str
    value: float
    without: float  # the parameter where they are left out
    moved: float  # in half 95 % intervals
    estimate: np.ndarray  # (p,) all parameters without them

    @property
    def reported(self) -> bool:
        return self.moved > REPORTED


def influence(view: View) -> Influence | None:
    """The rows of ``view`` with the largest pull; None where there are too few to leave one out."""
    n, p = len(view.runs), len(view.names)
    most = min(MOST, n // ONE_OF)
    if most < 1 or n - most <= p + 1:
        return None
    if np.abs(view.residuals).max() < EXACT:
        return None
    statistics = _statistics(view)
    error = {name: _error(view, statistic) for name, statistic in statistics.items()}
    statistics = {name: statistic for name, statistic in statistics.items() if error[name] > 0}
    if not statistics:
        return None
    pulls = {name: _pull(view, statistic) for name, statistic in statistics.items()}
    strongest = _most(view, statistics, error, pulls, np.arange(n), most)
    if strongest.reported:
        return strongest
    rows = np.arange(n)
    if n > EACH:
        rows = np.argsort(-np.max([np.abs(pull) for pull in pulls.values()], axis=0))[:EACH]
    weight = np.ones((len(rows), n))
    weight[np.arange(len(rows)), rows] = 0
    alone = view.refit(view.runs.columns, view.values[None].repeat(len(rows), 0), weight)
    away = {
        name: statistic(alone) - statistic(view.estimate) for name, statistic in statistics.items()
    }
    return _most(view, statistics, error, away, rows, most)


def _most(view: View, statistics, error, pulls, rows: np.ndarray, most: int) -> Influence:
    """Of the sets of up to ``most`` of ``rows`` that pull one way most, by ``pulls`` (m,) of each
    figure asked, the one that moves its figure most.
    """
    n, sets = len(view.runs), []
    for name, pull in pulls.items():
        for side in (1, -1):
            ranked = rows[np.argsort(-side * pull)]
            sets += [(name, tuple(ranked[:k].tolist())) for k in range(1, most + 1)]
    weight = np.ones((len(sets), n))
    for row, (_, out) in enumerate(sets):
        weight[row, list(out)] = 0
    without = view.refit(view.runs.columns, view.values[None].repeat(len(sets), 0), weight)
    best = None
    for (name, out), refitted in zip(sets, without):
        value, new = float(statistics[name](view.estimate)), float(statistics[name](refitted))
        # the more rows, the more of their own noise they take along
        moved = float(abs(new - value) / (Z * error[name]))
        if best is None or moved > best.moved * (1.03 if len(out) > len(best.rows) else 1.0):
            best = Influence(tuple(sorted(out)), name, value, new, moved, refitted)
    return best


def _statistics(view: View):
    """The exponents, and the answer that people ask for."""
    statistics = {
        name: (lambda p, k=k: p[..., k])
        for k, name in enumerate(view.names)
        if name not in POSITIVE and name not in _at_limit(view)
    }
    if view.answer in view.names and view.answer in POSITIVE:
        k = view.names.index(view.answer)
        statistics[view.answer] = lambda p: np.log(p[..., k])
    return statistics | dict(view.answers)


def _at_limit(view: View) -> set[str]:
    return {
        name
        for name, ends in view.limits.items()
        if min(abs(view.estimate[view.names.index(name)] - end) for end in ends) < 1e-2
    }


def _error(view: View, statistic) -> float:
    """Its standard error by the derivatives, from the robust scatter of what is left."""
    J = view.jacobian()
    left, _ = projected(view.residuals, J)
    spare = len(left) / (len(left) - J.shape[1])
    scatter = 1.4826 * float(np.median(np.abs(left))) * np.sqrt(spare)
    return scatter * float(np.linalg.norm(_weights(view, statistic)))


def _pull(view: View, statistic) -> np.ndarray:
    """What each row adds to the figure, by least squares and the derivatives (n,)."""
    return _weights(view, statistic) * view.residuals


def _weights(view: View, statistic) -> np.ndarray:
    """d figure / d log measured, of each row (n,)."""
    J = view.jacobian()
    slopes = derivatives(statistic, view.names, view.estimate)
    size = np.maximum(np.linalg.norm(J, axis=0), 1e-300)
    return (slopes / size) @ np.linalg.pinv(J / size)
