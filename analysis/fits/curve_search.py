"""How is the optimum of a law of one variable found? The points as the optimiser sees them."""

from collections.abc import Sequence

import numpy as np

from analysis.fits import huber
from analysis.fits.approaches.parametric_search import rows_at_once

# of the least y: where the search for a floor starts
FLOORS = (1e-6, 0.3, 0.6, 0.8, 0.9, 0.97, 0.995)
EXPONENT = 5.0  # bound of every exponent, of either sign
WIDTHS = (0.03, 5.0)  # of a break, in log x
CLEAR_BREAK = 4  # different x on each side of a break for its exponents to be seen


class Problem:
    """The points as the optimiser sees them, u = log x centred: log E, log A there, exponents,
    u_break, log width.
    """

    def __init__(self, kind: str, x: np.ndarray, y: np.ndarray, delta: float):
        self.kind, self.delta = kind, delta
        self.centre = float(np.log(x).mean())
        self.u, self.log_y = np.log(x) - self.centre, np.log(y)
        floor, top = self.log_y.min() - 20, self.log_y.max() + 30
        box = {
            "power": [(floor, top), (-EXPONENT, EXPONENT)],
            "saturating": [(floor, top), (floor, top), (-EXPONENT, EXPONENT)],
        }
        if kind == "broken":
            different = np.unique(self.u)
            inside = different[CLEAR_BREAK - 1], different[-CLEAR_BREAK]
            box["broken"] = [
                (floor, top),
                (floor, top),
                (-EXPONENT, EXPONENT),
                (-EXPONENT, EXPONENT),
                inside,
                tuple(np.log(WIDTHS)),
            ]
        self.low, self.high = np.array(box[kind]).T

    def solve(
        self,
        log_y: np.ndarray,
        weight: np.ndarray,
        near: np.ndarray | None = None,
        hinges: Sequence[float] | None = None,
    ):
        """Parameters (S, p) and objectives (S,) for each row of ``log_y`` (S, n). ``hinges`` are
        the u_break to start a broken law at, by default all over the data.
        """
        begin = self._starts(log_y, hinges)
        if near is not None:
            begin = np.concatenate(
                [begin, np.broadcast_to(near, (len(log_y), 1, len(near)))], axis=1
            )
        return huber.best_of(
            lambda owner: self._model(log_y[owner]), begin, weight, self.delta, self.low, self.high
        )

    def refit(
        self,
        y: np.ndarray,
        weight: np.ndarray,
        near: np.ndarray | None,
        hinges: Sequence[float] | None = None,
    ) -> np.ndarray:
        """Natural parameters (S, p) of each row of ``y`` (S, n) under weights (S, n)."""
        logs, rows = np.log(y), rows_at_once(y.shape[-1])
        parts = [
            self.solve(logs[i : i + rows], weight[i : i + rows], near, hinges)[0]
            for i in range(0, len(logs), rows)
        ]
        return self.natural(np.concatenate(parts))

    def repeats(self, y: np.ndarray) -> np.ndarray:
        """Natural parameters (S, p) of figures ``y`` (S, n) and of repeats of them, the other rows:
        these break about where the first does, so that all over the data is searched once.
        """
        ones = np.ones_like(y)
        first = self.refit(y[:1], ones[:1], None)
        if len(y) == 1:
            return first
        near = self.inner(first[0])
        hinges = near[4:5] if self.kind == "broken" else None
        return np.concatenate([first, self.refit(y[1:], ones[1:], near, hinges)])

    def natural(self, theta: np.ndarray) -> np.ndarray:
        """The parameters as PARAMETERS names them (S, p)."""
        out = theta.copy()
        if self.kind == "power":
            out[:, 0] = np.exp(theta[:, 0] + theta[:, 1] * self.centre)
            return out
        out[:, 0] = np.exp(theta[:, 0])
        out[:, 1] = np.exp(theta[:, 1] + theta[:, 2] * self.centre)
        if self.kind == "broken":
            out[:, 4], out[:, 5] = np.exp(theta[:, 4] + self.centre), np.exp(theta[:, 5])
        return out

    def inner(self, parameters: np.ndarray) -> np.ndarray:
        """The inverse of ``natural`` for one fit (p,)."""
        theta = np.array(parameters, float)
        exponent = theta[1] if self.kind == "power" else theta[2]
        amplitude = 0 if self.kind == "power" else 1
        theta[amplitude] = np.log(max(theta[amplitude], 1e-300)) - exponent * self.centre
        if self.kind != "power":
            theta[0] = np.log(max(theta[0], 1e-300))
        if self.kind == "broken":
            theta[4], theta[5] = np.log(theta[4]) - self.centre, np.log(theta[5])
        return np.clip(theta, self.low, self.high)

    def _model(self, log_y: np.ndarray) -> huber.Model:
        u = self.u

        def power(theta, rows):
            a, c = theta.T[:, :, None]
            jacobian = np.empty((len(theta), 2, len(u)))
            jacobian[:, 0], jacobian[:, 1] = 1, -u
            return a - c * u - log_y[rows], jacobian

        def floored(theta, rows):
            e, a, c = theta.T[:3, :, None]
            tail, more = a - c * u, ()
            if self.kind == "broken":
                c1, at, log_width = theta.T[3:, :, None]
                width = np.exp(log_width)
                s = (u - at) / width
                soft, gate = np.logaddexp(0, s), 1 / (1 + np.exp(-np.clip(s, -500, 500)))
                tail = tail - c1 * width * soft
                more = (-width * soft, c1 * gate, -c1 * width * (soft - s * gate))
            total = np.logaddexp(e, tail)
            share = np.exp(tail - total)
            jacobian = np.stack(
                [1 - share, share, -u * share, *(part * share for part in more)], axis=1
            )
            return total - log_y[rows], jacobian

        return power if self.kind == "power" else floored

    def _starts(self, log_y: np.ndarray, hinges: Sequence[float] | None = None) -> np.ndarray:
        """(S, K, p): lines through log(y - floor) for several floors, and with a hinge at several
        places.
        """
        u, S = self.u, len(log_y)
        ones = np.ones_like(u)
        if self.kind == "power":
            a, c = self._lines(log_y, np.column_stack([ones, -u]))
            return np.stack([a, c], axis=-1)[:, None]
        least, starts = log_y.min(1), []
        if self.kind != "broken":
            hinges = (None,)
        elif hinges is None:
            hinges = np.quantile(u, (0.2, 0.35, 0.5, 0.65, 0.8))
        for floor in FLOORS if self.kind == "saturating" else (1e-6, 0.5, 0.9):
            e = np.log(floor) + least
            rest = log_y + np.log1p(-np.exp(e[:, None] - log_y))
            for hinge in hinges:
                columns = [ones, -u] if hinge is None else [ones, -u, -np.maximum(u - hinge, 0)]
                line = self._lines(rest, np.column_stack(columns))
                if hinge is None:
                    starts.append([e, *line])
                else:
                    starts += [
                        [e, *line, np.full(S, hinge), np.full(S, np.log(width))]
                        for width in (0.1, 0.6)
                    ]
        return np.moveaxis(np.array(starts), -1, 0)

    @staticmethod
    def _lines(y: np.ndarray, X: np.ndarray) -> np.ndarray:
        return np.linalg.lstsq(X, y.T, rcond=None)[0]
