"""Which bend could a table of few rows not show, and what would it do to figures ahead?

A bend is a hinge at the middle of an axis, or what two axes do together. The least that the table
shows is the one whose share in the residuals, freed of what the law's parameters can take up, is at
the threshold of a test: one time in two it goes unseen.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from analysis.fits.distributions import t_quantile
from analysis.fits.fitted import Columns, View, derivatives
from analysis.fits.linear import LEVEL
from analysis.fits.trust import errors, richer
from analysis.fits.trust.errors import Errors

AHEAD = 10.0  # times the largest inputs
FACTORS = np.geomspace(1.0, AHEAD, 41)  # ahead
TOLD = 0.05  # of a figure: what a bend must do at AHEAD to be told


@dataclass(frozen=True)
class Unseen:
    """The bend that would do most: ``what``, in words, how large, and the move of the figure."""

    axes: tuple[str, ...]  # one: its exponent changes; two: they help or hinder each other
    size: float  # change of the exponent; of the product's coefficient
    middle: float  # of the axis, where there is one
    move: float  # of the figure at AHEAD times the largest inputs, on the logarithm
    reach: float  # times the largest inputs up to which it moves the figure by less than TOLD


def bend(view: View, made: Errors, jacobian: np.ndarray) -> Unseen | None:
    """None where the rows are many, where each moves the figure by less than TOLD, or where the
    table has no row to spare for one.
    """
    spare = len(view.values) - len(view.names) - 1
    if not richer.few(view) or spare < 1:
        return None
    columns = view.runs.columns
    J = jacobian / made.size[:, None]
    at = {role: float(v.max()) * FACTORS for role, v in columns.items() if role in view.axes}
    ahead = derivatives(lambda p: view.log_law(p, at), view.names, view.estimate)
    inverse = np.linalg.pinv(J)
    noise = made.scatter * float(t_quantile((1 + LEVEL) / 2, spare))
    found = []
    for axes in _directions(view):
        here = _column(columns, columns, axes) / made.size
        there = _column(at, columns, axes)
        seen = float(np.linalg.norm(errors.projected(here, J)[0]))
        if seen <= 1e-6 * np.linalg.norm(here):  # the law's own parameters are this bend
            continue
        size = noise / seen
        moves = size * np.abs(there - ahead @ (inverse @ here))
        within = moves < TOLD
        reach = float(FACTORS[within].max()) if within.any() else 1.0
        middle = float(np.exp(_middle(columns, axes[0])))
        found.append(Unseen(axes, size, middle, float(moves[-1]), reach))
    most = max(found, key=lambda one: one.move, default=None)
    return most if most and most.move >= TOLD else None


def _directions(view: View) -> list[tuple[str, ...]]:
    moving = [axis for axis in view.axes if np.ptp(np.log(view.runs[axis])) > 1e-6]
    return [*((axis,) for axis in moving), *itertools.combinations(moving, 2)]


def _column(at: Columns, data: Columns, axes: tuple[str, ...]) -> np.ndarray:
    if len(axes) == 1:
        return np.maximum(np.log(at[axes[0]]) - _middle(data, axes[0]), 0)
    return np.prod([np.log(at[axis]) - np.log(data[axis]).mean() for axis in axes], axis=0)


def _middle(data: Columns, axis: str) -> float:
    return float(np.median(np.log(data[axis])))
