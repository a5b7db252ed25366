"""What law y(x) do points follow: a power law, one with a floor, or one with a break? Huber on log
y, every start.

    power       y = A x^-c
    saturating  y = E + A x^-c
    broken      y = E + A x^-c0 (1 + (x/x_break)^(1/width))^(-c1 width)

``broken`` is the broken neural scaling law with one break (Caballero et al. 2022, arXiv 2210.14891,
equation 1): below x_break the exponent is c0, above it c0 + c1, and ``width`` says over how many
e-folds of x it turns. The break lies inside the data: a break beyond it is a guess that no point
can correct.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from analysis.fits.approaches.parametric import DELTA
from analysis.fits.curve_search import CLEAR_BREAK, EXPONENT, Problem
from analysis.fits.fitted import Columns, Form, View
from analysis.fits.intervals import Uncertain
from analysis.fits.points import Runs, need, need_spread
from analysis.fits.simulation import simulate
from analysis.fits.trust import by_series, upper


class Kind(NamedTuple):
    """A law of one variable."""

    title: str
    formula: str
    parameters: tuple[str, ...]
    law: Callable[..., np.ndarray]  # of log x (m,) and each parameter (..., 1): (..., m)


def _power(log_x, A, c):
    return A * np.exp(-c * log_x)


def _saturating(log_x, E, A, c):
    return E + A * np.exp(-c * log_x)


def _broken(log_x, E, A, c0, c1, x_break, width):
    turned = width * np.logaddexp(0, (log_x - np.log(x_break)) / width)
    return E + A * np.exp(-c0 * log_x - c1 * turned)


KINDS = {
    "power": Kind("a power law", "A x^-c", ("A", "c"), _power),
    "saturating": Kind("a saturating power law", "E + A x^-c", ("E", "A", "c"), _saturating),
    "broken": Kind(
        "a broken power law",
        "E + A x^-c0 (1 + (x/x_break)^(1/width))^(-c1 width)",
        ("E", "A", "c0", "c1", "x_break", "width"),
        _broken,
    ),
}
PARAMETERS = {name: kind.parameters for name, kind in KINDS.items()}
# the laws to ask where one does not fit
RICHER = {"power": ("saturating", "broken"), "saturating": ("broken",), "broken": ()}


@dataclass(frozen=True)
class Curve:
    """A fitted law of one variable."""

    kind: str
    parameters: dict[str, float]
    objective: float
    runs: Runs | None = field(default=None, repr=False, compare=False)
    delta: float = DELTA

    @property
    def vector(self) -> np.ndarray:
        return np.array(list(self.parameters.values()))

    def __call__(self, x) -> np.ndarray:
        return law(self.kind, self.vector, x)

    def residuals(self) -> np.ndarray:
        """log y_fit - log y (n,)."""
        return np.log(self(self.runs["x"])) - np.log(self.runs["y"])

    def uncertain(self, resamples: int = 1000, seed: int = 0) -> Uncertain:
        """Intervals of the parameters and of predictions; see ``intervals``."""
        return simulate(self.view(), resamples, seed)

    def view(self) -> View:
        """As checks and intervals see it."""
        exponents = [name for name in self.parameters if name.startswith("c")]

        def log_law(p, at: Columns) -> np.ndarray:
            return np.log(law(self.kind, p, at["x"]))

        def refit(at: Columns, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
            return refits(self.kind, at, y, weight, self.delta, self.vector)

        return View(
            KINDS[self.kind].title,
            tuple(self.parameters),
            self.vector,
            self.runs,
            "y",
            ("x",),
            log_law,
            refit,
            lambda runs: fit(runs, self.kind, self.delta).view(),
            {name: (-EXPONENT, EXPONENT) for name in exponents},
            exponents[-1],
            richer=(
                *(_form(kind, self.delta) for kind in RICHER[self.kind]),
                *by_series.forms(self.runs, len(self.parameters), refit, log_law),
            ),
            unseen=(_local(self.delta),) if RICHER[self.kind] else (),
        )


def refits(kind: str, columns: Columns, y: np.ndarray, weight: np.ndarray, delta: float, near=None):
    """Parameters (S, p) of law ``kind`` of y (S, n) under weights (S, n)."""
    problem = Problem(kind, columns["x"], y, delta)
    return problem.refit(y, weight, None if near is None else problem.inner(near))


def _form(kind: str, delta: float) -> Form:
    def predict(columns: Columns, y: np.ndarray, at: Columns) -> np.ndarray:
        if len(np.unique(columns["x"])) < (2 * CLEAR_BREAK if kind == "broken" else 4):
            raise ValueError(f"{KINDS[kind].title} needs more different x")
        parameters = Problem(kind, columns["x"], y, delta).repeats(y)
        return np.log(law(kind, parameters, at["x"]))

    return Form(KINDS[kind].title, predict, len(PARAMETERS[kind]))


def _local(delta: float) -> Form:
    def fitted(columns: Columns, y: np.ndarray, at: Columns) -> np.ndarray:
        parameters = refits("power", columns, y, np.ones_like(y), delta)
        return np.log(law("power", parameters, at["x"]))

    return upper.form("a power law on the upper half", fitted, 2, ("x",), spare=1)


def fit(runs: Runs, kind: str = "saturating", delta: float = DELTA) -> Curve:
    """The law ``kind`` over ``runs`` with columns x and y. ValueError where there are too few of
    them for it, or all have one y.
    """
    if kind not in PARAMETERS:
        raise ValueError(f"no law {kind!r}; there are {', '.join(PARAMETERS)}")
    count = len(PARAMETERS[kind])
    title = KINDS[kind].title
    line = len(PARAMETERS["power"]) + 1
    instead = "fit a power law (powerlaw)" if kind != "power" and len(runs) >= line else ""
    need(len(runs), count + 1, title, "points", instead)
    need_spread(runs, "x", count + 1 if kind != "broken" else 2 * CLEAR_BREAK, title)
    need_spread(runs, "y", 2, title)
    problem = Problem(kind, runs["x"], runs["y"], delta)
    theta, value = problem.solve(problem.log_y[None], np.ones((1, len(runs))))
    return Curve(
        kind,
        dict(zip(PARAMETERS[kind], map(float, problem.natural(theta)[0]))),
        float(value[0]),
        runs,
        delta,
    )


def law(kind: str, parameters: np.ndarray, x) -> np.ndarray:
    """y of ``kind`` at ``x`` (m,) for parameters (..., p): (..., m)."""
    each = np.moveaxis(np.asarray(parameters, float), -1, 0)[..., None]
    return KINDS[kind].law(np.log(np.asarray(x, float)), *each)
