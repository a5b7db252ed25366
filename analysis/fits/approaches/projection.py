"""Where should the search for E + A/N^alpha + B/D^beta start? At the best cells of a full grid over
(alpha, beta).

Given the two exponents the law is linear in E, A and B, so the least sum of squared relative errors
over E, A, B >= 0 is known in closed form (variable projection). The points are the same in every
fit of a batch and only their weights differ, so the normal equations of every fit at every cell are
a few matrix products. The grid's local minima start the search for the robust optimum
(``huber.minimise``); none is missed for want of random starts.
"""

import numpy as np

GRID = np.geomspace(0.02, 3.5, 24)  # of each exponent
TINY = 1e-7  # of the mean loss: a coefficient that the projection sets to zero
MAX_CELLS = 2_000_000  # solved at once


def starts(
    x: np.ndarray, z: np.ndarray, loss: np.ndarray, weight: np.ndarray, count: int
) -> np.ndarray:
    """(S, count, 5): log E, log A, log B, alpha, beta at the ``count`` best local minima of the
    grid, best first.

    ``x`` and ``z`` (n,) are log N and log D less their means; ``loss`` is (n,) or (S, n),
    ``weight`` (S, n). Where there are fewer minima than ``count``, the best is repeated.
    """
    batch = max(1, MAX_CELLS // len(GRID) ** 2)
    return np.concatenate(
        [
            _starts(
                x, z, loss if loss.ndim == 1 else loss[i : i + batch], weight[i : i + batch], count
            )
            for i in range(0, len(weight), batch)
        ]
    )


def _starts(x, z, loss, weight, count):
    value, coefficients = _project(x, z, loss, weight)
    padded = np.pad(value, ((0, 0), (1, 1), (1, 1)), constant_values=np.inf)
    g = len(GRID)
    lowest = np.ones(value.shape, bool)
    for i in range(3):
        for j in range(3):
            if (i, j) != (1, 1):
                lowest &= value <= padded[:, i : i + g, j : j + g]
    ranked = np.where(lowest, value, np.inf).reshape(len(weight), -1)
    order = np.argpartition(ranked, count - 1, axis=1)[:, :count]
    order = np.take_along_axis(order, np.argsort(np.take_along_axis(ranked, order, 1), axis=1), 1)
    order = np.where(np.isfinite(np.take_along_axis(ranked, order, 1)), order, order[:, :1])
    # (3, S, count)
    chosen = np.take_along_axis(coefficients.reshape(3, len(weight), -1), order[None], 2)
    logs = np.log(np.maximum(chosen, TINY * loss.mean()))
    return np.stack([*logs, GRID[order // g], GRID[order % g]], axis=-1)


def _project(x, z, loss, weight):
    """Least squares of relative errors at every cell: objective (S, g, g) and E, A, B >= 0 there
    (3, S, g, g).
    """
    a, b = np.exp(-GRID[:, None] * x), np.exp(-GRID[:, None] * z)  # (g, n)
    w = weight / loss**2
    wl = weight / loss
    g, n = a.shape
    shape = (len(weight), g, g)
    spread = lambda m, axis: np.broadcast_to(m[:, :, None] if axis == 0 else m[:, None, :], shape)  # noqa: E731
    s11 = np.broadcast_to(w.sum(1)[:, None, None], shape)
    s12, s22, y2 = (spread(m, 0) for m in (w @ a.T, w @ (a * a).T, wl @ a.T))
    s13, s33, y3 = (spread(m, 1) for m in (w @ b.T, w @ (b * b).T, wl @ b.T))
    s23 = (w @ (a[:, None] * b[None]).reshape(g * g, n).T).reshape(shape)
    y1 = np.broadcast_to(wl.sum(1)[:, None, None], shape)
    total = weight.sum(1)[:, None, None]

    c11, c12, c13 = s22 * s33 - s23**2, s13 * s23 - s12 * s33, s12 * s23 - s13 * s22
    determinant = s11 * c11 + s12 * c12 + s13 * c13
    regular = determinant > 1e-13 * s11 * s22 * s33
    over = 1 / np.where(regular, determinant, 1)
    c22, c23, c33 = s11 * s33 - s13**2, s12 * s13 - s11 * s23, s11 * s22 - s12**2
    E = (c11 * y1 + c12 * y2 + c13 * y3) * over
    A = (c12 * y1 + c22 * y2 + c23 * y3) * over
    B = (c13 * y1 + c23 * y2 + c33 * y3) * over
    inside = regular & (E >= 0) & (A >= 0) & (B >= 0)
    value = np.where(inside, total - E * y1 - A * y2 - B * y3, np.inf)
    best = np.stack([E, A, B])
    # On the boundary one coefficient is zero (or more: then both of a pair's are clipped, a start
    # and no more).
    for zero, (p, q, pp, pq, qq, yp, yq) in enumerate(
        (
            (1, 2, s22, s23, s33, y2, y3),
            (0, 2, s11, s13, s33, y1, y3),
            (0, 1, s11, s12, s22, y1, y2),
        )
    ):
        determinant = pp * qq - pq**2
        regular = determinant > 1e-12 * pp * qq
        over = 1 / np.where(regular, determinant, 1)
        u, v = np.maximum((qq * yp - pq * yq) * over, 0), np.maximum((pp * yq - pq * yp) * over, 0)
        squares = total - 2 * (u * yp + v * yq) + u * u * pp + 2 * u * v * pq + v * v * qq
        there = np.where(regular & ~inside, squares, np.inf)
        better = there < value
        value = np.where(better, there, value)
        for which, new in ((p, u), (q, v), (zero, 0.0)):
            best[which] = np.where(better, new, best[which])
    return value, best
