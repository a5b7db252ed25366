"""How is the global optimum of approach 3 found? The runs as the optimiser sees them."""

import numpy as np

from analysis.fits import huber
from analysis.fits.approaches import projection

EXPONENTS = (1e-3, 4.0)  # bounds of alpha and beta
STARTS = 3  # local minima of the grid that are polished
CHUNK = 64  # least number of resampled fits at once
AT_ONCE = 20_000  # residuals of the resampled fits at once: what a core's cache holds
SETTLED = 1e-9  # relative fall of the objective below which a round found what the one before did


class Problem:
    """The runs as the optimiser sees them: log N and log D centred, so that coefficients and
    exponents part.

    ``loss`` is (n,), or (S, n) where each fit of a batch has losses of its own. ``box`` is the
    least and the largest loss of all batches, which bound the search.
    """

    def __init__(
        self,
        n: np.ndarray,
        d: np.ndarray,
        loss: np.ndarray,
        delta: float,
        box: tuple[float, float] | None = None,
    ):
        self.centre = np.array([np.log(n).mean(), np.log(d).mean()])
        self.x, self.z = np.log(n) - self.centre[0], np.log(d) - self.centre[1]
        self.loss, self.log_loss, self.delta = loss, np.log(loss), delta
        low, high = np.log(box) if box else (self.log_loss.min(), self.log_loss.max())
        floor, top = low - 20, high + 20
        self.low = np.array([floor, floor, floor, EXPONENTS[0], EXPONENTS[0]])
        self.high = np.array([top, top, top, EXPONENTS[1], EXPONENTS[1]])

    def model_of(self, owner: np.ndarray) -> huber.Model:
        """Residuals and Jacobian of parameters whose rows belong to the fits ``owner`` (s,)."""
        log_loss = self.log_loss if self.log_loss.ndim == 1 else self.log_loss[owner]

        def residuals(theta, rows):
            e, a, b, alpha, beta = theta.T[:, :, None]
            jacobian = np.empty((len(theta), 5, len(self.x)))
            terms = jacobian[:, :3]
            terms[:, 0], terms[:, 1], terms[:, 2] = e, a - alpha * self.x, b - beta * self.z
            np.exp(terms, out=terms)
            total = terms.sum(1)
            terms /= total[:, None]
            jacobian[:, 3], jacobian[:, 4] = -self.x * terms[:, 1], -self.z * terms[:, 2]
            return np.log(total) - (log_loss if log_loss.ndim == 1 else log_loss[rows]), jacobian

        return residuals

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """log L_fit - log L (S, n) of parameters (S, 5), a row per fit."""
        rows = np.arange(len(theta))
        return self.model_of(rows)(theta, rows)[0]

    def solve(
        self,
        weight: np.ndarray,
        rounds: int = 1,
        near: np.ndarray | None = None,
        trust: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Parameters (S, 5) and objectives (S,) for each row of weights (S, n).

        ``near`` (5,) is one more start of every fit; ``trust`` (n,) weighs down outliers in the
        projection. Each further round projects again with the weights that the optimum found gives
        each residual, until none is lower: the next would begin where that one did.
        """
        theta, value = self._search(weight, weight if trust is None else weight * trust, near)
        for _ in range(rounds - 1):
            again, reached = self._search(
                weight, weight * trusted(self.residuals(theta), weight), None
            )
            theta = np.where((reached < value)[:, None], again, theta)
            settled = reached >= value * (1 - SETTLED)
            value = np.minimum(value, reached)
            if settled.all():
                break
        return theta, value

    def _search(self, weight, projected, near):
        begin = projection.starts(self.x, self.z, self.loss, projected, STARTS)
        if near is not None:
            begin = np.concatenate([begin, np.broadcast_to(near, (len(weight), 1, 5))], axis=1)
        return huber.best_of(self.model_of, begin, weight, self.delta, self.low, self.high)

    def natural(self, theta: np.ndarray) -> np.ndarray:
        """E, A, B, alpha, beta of optimiser's parameters (S, 5): log E, log A, log B about the
        centre, alpha, beta.
        """
        shift = np.zeros_like(theta)
        shift[:, 1:3] = theta[:, 3:5] * self.centre
        out = theta + shift
        out[:, :3] = np.exp(out[:, :3])
        return out

    def inner(self, parameters: np.ndarray) -> np.ndarray:
        """The inverse of ``natural``."""
        theta = np.array(parameters, float)
        theta[:, :3] = np.log(np.maximum(theta[:, :3], 1e-300))
        theta[:, 1:3] -= theta[:, 3:5] * self.centre
        return np.clip(theta, self.low, self.high)


def trusted(residual: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """min(1, s/|r|), s the residuals' robust spread (S, n): an outlier counts little in least
    squares.
    """
    size = np.where(weight > 0, np.abs(residual), np.nan)
    spread = 1.4826 * np.nanmedian(size, axis=1, keepdims=True) + 1e-12
    return np.minimum(1, spread / np.maximum(np.abs(residual), spread))


def rows_at_once(n: int) -> int:
    """How many resampled fits of ``n`` runs are solved in one batch. A batch costs as many steps as
    its slowest fit, so that few large ones are faster than many small ones.
    """
    return max(CHUNK, AT_ONCE // n)
