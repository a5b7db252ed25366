"""What if size and data don't add up? L = E + (A/N^alpha + B/D^beta)^g, whose two terms help each
other where g is below 1, and hinder where it is above.

The form of the laws of 2025 in which what size and data do is not a sum; g = 1 is approach 3. It is
asked where approach 3 does not fit, or where rows are too few to show it (``richer``).
"""

import numpy as np

from analysis.fits import huber
from analysis.fits.approaches import projection
from analysis.fits.fitted import Columns, Form

POWERS = (0.25, 4.0)  # bounds of g
STARTS = (0.4, 0.7, 1.0, 1.5)
EXPONENTS = (1e-3, 6.0)  # of alpha and beta
PARAMETERS = 6
AT_ONCE = 64  # fits


def form(delta: float) -> Form:
    def predict(columns: Columns, losses: np.ndarray, at: Columns) -> np.ndarray:
        problem = Problem(columns, losses, delta)
        theta = np.concatenate(
            [problem.solve(losses[i : i + AT_ONCE]) for i in range(0, len(losses), AT_ONCE)]
        )
        return problem.log_law(theta, at)

    return Form("size and data that help or hinder each other", predict, PARAMETERS)


class Problem:
    """log E, log A, log B about fixed centres, alpha, beta, log g."""

    def __init__(self, columns: Columns, losses: np.ndarray, delta: float):
        self.centre = np.array([np.log(columns["n"]).mean(), np.log(columns["d"]).mean()])
        self.x, self.z = self._axes(columns)
        self.delta = delta
        low, high = np.log(losses.min()), np.log(losses.max())
        self.low = np.array([low - 20, low - 40, low - 40, *(EXPONENTS[:1] * 2), np.log(POWERS[0])])
        self.high = np.array(
            [high + 5, high + 40, high + 40, *(EXPONENTS[1:] * 2), np.log(POWERS[1])]
        )

    def _axes(self, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        return np.log(columns["n"]) - self.centre[0], np.log(columns["d"]) - self.centre[1]

    def log_law(self, theta: np.ndarray, at: Columns) -> np.ndarray:
        """log L (S, m) of parameters (S, 6)."""
        e, a, b, alpha, beta, log_g = theta.T[:, :, None]
        x, z = self._axes(at)
        return np.logaddexp(e, np.exp(log_g) * np.logaddexp(a - alpha * x, b - beta * z))

    def solve(self, losses: np.ndarray) -> np.ndarray:
        """Parameters (S, 6) of each row of ``losses`` (S, n)."""
        ones = np.ones_like(losses)
        sums = projection.starts(self.x, self.z, losses, ones, 2)  # (S, 2, 5)
        begin = np.concatenate(
            [
                np.concatenate(
                    [sums[..., :1], sums[..., 1:] / g, np.full((*sums.shape[:2], 1), np.log(g))],
                    axis=-1,
                )
                for g in STARTS
            ],
            axis=1,
        )
        return huber.best_of(
            lambda owner: self._model(np.log(losses[owner])),
            begin,
            ones,
            self.delta,
            self.low,
            self.high,
        )[0]

    def _model(self, log_loss: np.ndarray) -> huber.Model:
        x, z = self.x, self.z

        def residuals(theta, rows):
            e, a, b, alpha, beta, log_g = theta.T[:, :, None]
            first, second, g = a - alpha * x, b - beta * z, np.exp(log_g)
            both = np.logaddexp(first, second)
            total = np.logaddexp(e, g * both)
            rest = np.exp(g * both - total)  # what is not the floor's
            of_n = g * rest * np.exp(first - both)
            of_d = g * rest * np.exp(second - both)
            jacobian = np.stack(
                [np.exp(e - total), of_n, of_d, -x * of_n, -z * of_d, g * both * rest], axis=1
            )
            return total - log_loss[rows], jacobian

        return residuals
