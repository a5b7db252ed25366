"""Which of a law's parameters can these rows not tell? Those along which its likelihood is flat,
those that ended where the search ends, and those with hardly a figure.

The likelihood is flat where the derivatives of the law, each of its own size, lie in fewer
directions than there are parameters: then some of them can move together without any row
noticing, and no interval of theirs means anything.
"""

from dataclasses import dataclass

import numpy as np

from analysis.fits.fitted import POSITIVE, View
from analysis.fits.trust.errors import projected, winsorised

FLAT = 1e-7  # of the least singular value over the largest
NOTHING = 1e-9  # of a derivative: a parameter that no row notices
PART = 0.1  # of a flat direction, that a parameter has
AT_BOUND = 0.01  # of a bound's size
NO_FLOOR = 1e-3  # of the least figure: a floor of nothing
VAGUE = 1.0  # standard error of a logarithm from which only its order is known
UNSIGNED = 0.5  # standard error of an exponent, over itself
FACTORS = frozenset({"A", "B"})  # of no meaning without their exponents


@dataclass(frozen=True)
class Identity:
    """Parameters by what is wrong with them."""

    flat: tuple[str, ...] = ()  # told apart by no row
    at_bound: tuple[tuple[str, float], ...] = ()  # and the bound
    no_floor: bool = False
    vague: tuple[tuple[str, float], ...] = ()  # and the standard error, of POSITIVE on logarithms


def identity(view: View) -> Identity:
    """What the rows of ``view`` cannot tell."""
    at_bound = tuple(
        (name, end)
        for name, ends in view.limits.items()
        for end in ends
        if abs(view.estimate[view.names.index(name)] - end) <= AT_BOUND * abs(end)
    )
    no_floor = "E" in view.names and floor_of_nothing(view)
    fixed = {name for name, _ in at_bound} | ({"E"} if no_floor else set())
    free = [k for k, name in enumerate(view.names) if name not in fixed]
    J = view.jacobian()[:, free]
    flat = tuple(view.names[free[k]] for k in _flat(J))
    return Identity(flat, at_bound, no_floor, () if flat else _vague(view, J, free))


def floor_of_nothing(view: View) -> bool:
    """Whether E is a thousandth of the least figure or less."""
    return bool(view.estimate[view.names.index("E")] < NO_FLOOR * view.values.min())


def require_identified(view: View, why: str) -> None:
    """ValueError where the likelihood of ``view`` is flat; ``why`` says what would tell."""
    if flat := identity(view).flat:
        raise ValueError(
            f"{view.title} cannot tell {' and '.join(flat)} apart from these {len(view.runs)} "
            f"rows: others fit them as well; {why}"
        )


def _flat(J: np.ndarray) -> list[int]:
    size = np.linalg.norm(J, axis=0)
    nothing = size < NOTHING * max(size.max(), 1.0)
    flat = np.flatnonzero(nothing).tolist()
    rest = np.flatnonzero(~nothing)
    _, singular, directions = np.linalg.svd(J[:, rest] / size[rest], full_matrices=False)
    for value, direction in zip(singular, directions):
        if value < FLAT * singular[0]:
            flat += rest[np.abs(direction) > PART].tolist()
    return sorted(set(flat))


def _vague(view: View, J: np.ndarray, free: list[int]) -> tuple[tuple[str, float], ...]:
    n, p = J.shape
    left, _ = projected(winsorised(view.residuals), J)
    variance = float(left @ left) / max(n - p, 1)
    size = np.linalg.norm(J, axis=0)
    scaled = np.linalg.pinv((J / size).T @ (J / size), hermitian=True)
    error = np.sqrt(np.maximum(variance * np.diag(scaled), 0)) / size
    vague = []
    for k, place in enumerate(free):
        name = view.names[place]
        most = VAGUE if name in POSITIVE else UNSIGNED * abs(view.estimate[place])
        if name not in FACTORS and error[k] > most:
            vague.append((name, float(error[k])))
    return tuple(vague)
