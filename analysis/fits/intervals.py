"""How sure is a fitted law? The spread of the same fit over simulated repeats of the study, with
Student's factor (``simulation``).

The interval is the estimate plus or minus t times the standard deviation over repeats,
of each side by itself (a steep exponent is known less well than a flat one, so that repeats are
skewed). Repeats tell by how much their own fits overstate the scatter that was put in (a Huber fit
passes through p points exactly), and scatter and spread are divided by that: without it intervals
at 12 trials held the truth in 99.5 %, not 95. A confidence interval is of the law; a prediction
interval adds the scatter of one more measurement, which holds its training seed and its samples.

t counts n - p degrees of freedom where no two rows share an error, 88 % of them (1/(pi - 2)), for
the scatter is told from absolute residuals. Where rows share one, an answer's variance has a common
and an own part, known from unlike numbers of trainings and of rows; its degrees of freedom are
Satterthwaite's (1946), of these two. Student's factor of the trainings alone made intervals five
times too wide.

Where a law does not fit (``misfit``), or rows are too few to show it, the interval holds what other
laws say too (``richer``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.fits.distributions import t_quantile
from analysis.fits.fitted import POSITIVE, derivatives
from analysis.fits.linear import LEVEL, Interval
from analysis.fits.trust import misfit
from analysis.fits.trust.errors import Errors

# of the mean absolute residual beside the mean square, for normal noise
EFFICIENCY = 1 / (np.pi - 2)


@dataclass(frozen=True)
class Shared:
    """The covariances of a law's scaled parameters (p, p), by the error that groups share and by
    the rows' own, and (2, 2) how well both variances are known, relative to themselves.
    """

    common: np.ndarray
    own: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Reading:
    """Another law's continuation beyond the data, in the parameters of the one asked for: over all
    pairs of inputs, which tell what each does, and ``ahead`` where all grow together, which is
    where figures are predicted.
    """

    title: str
    estimate: np.ndarray  # (p,)
    draws: np.ndarray  # (S', p)
    ahead: np.ndarray  # (1 + S', p) estimate and draws
    all_rows: bool  # a law of all rows, not of a part of them


@dataclass(frozen=True)
class Uncertain:
    """A law's parameters over simulated repeats of its study."""

    names: tuple[str, ...]
    estimate: np.ndarray  # (p,)
    draws: np.ndarray  # (S, p)
    scatter: float  # standard deviation of one log measurement about the law
    dof: int
    overstated: float = 1.0  # the scatter that the draws were made with, over ``scatter``
    # half the band that holds 95 % of log measurements, over that of normal ones of ``scatter``
    tails: float = 1.0
    shared: Shared | None = None  # None: no two rows share an error
    made: Errors | None = None
    against: misfit.Misfit | None = None  # what speaks against the law; None: not asked
    others: tuple[Reading, ...] = ()  # what richer laws say, where it shows
    resampled: bool = False  # the draws are of resampled runs, not of simulated noise
    # it predicts the largest runs about as well as ``others``; else its own errors mean little
    stands: bool = True

    @property
    def t(self) -> float:
        """Student's factor where no two rows share an error."""
        return float(t_quantile((1 + LEVEL) / 2, self.dof * EFFICIENCY))

    def _t(self, statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray | float:
        """Student's factor of each figure of ``statistic``."""
        if self.shared is None:
            return self.t
        g = derivatives(statistic, self.names, self.estimate)
        parts = np.stack(
            [
                np.einsum("...p,pq,...q->...", g, c, g)
                for c in (self.shared.common, self.shared.own)
            ],
            axis=-1,
        )
        spread = np.einsum("...i,ij,...j->...", parts, self.shared.known, parts)
        dof = 2 * parts.sum(-1) ** 2 / np.maximum(spread, 1e-300)
        return t_quantile((1 + LEVEL) / 2, np.clip(dof, 1, self.dof))

    @property
    def se(self) -> dict[str, float]:
        """Standard error of each parameter."""
        return {
            name: float(sd)
            for name, sd in zip(self.names, self.draws.std(0, ddof=1) / self.overstated)
        }

    def ci95(self) -> dict[str, tuple[float, float]]:
        """95 % confidence intervals; of E, A and B, positive and skewed, on their logarithm. A
        floor of nothing has none: of such an E it is from 0.
        """
        intervals = {
            name: self.of(lambda p, k=k: p[..., k], log=name in POSITIVE)
            for k, name in enumerate(self.names)
        }
        if "E" in intervals:
            k = self.names.index("E")
            if self.estimate[k] < 1e-3 * np.quantile(self.draws[:, k], (1 + LEVEL) / 2):
                low, high = self.of(lambda p: p[..., k])
                intervals["E"] = (max(low, 0.0), high)
        return intervals

    def of(
        self,
        statistic: Callable[[np.ndarray], np.ndarray],
        log: bool = False,
        across: bool = False,
    ) -> tuple[float, float]:
        """The 95 % confidence interval of any ``statistic`` of parameters (..., p) -> (...); on its
        log if ``log``. ``across``: of a figure that richer laws of all rows have too; a parameter
        is of its own law.
        """
        tiny = max(1e-12 * float(statistic(self.estimate)), 1e-300)

        def on_axis(p: np.ndarray) -> np.ndarray:
            return np.log(np.maximum(statistic(p), tiny)) if log else statistic(p)

        others = [(r.estimate, r.draws) for r in self.others if r.all_rows and across]
        _, low, high, _ = self._ends(on_axis, others)
        ends = float(low), float(high)
        return tuple(float(np.exp(np.clip(end, -700, 700))) for end in ends) if log else ends

    def predict(self, law: Callable[[np.ndarray], np.ndarray]) -> Interval:
        """``law`` maps parameters (..., p) to figures (..., m): both 95 % intervals of each, on the
        logarithm.
        """
        others = [(r.ahead[0], r.ahead[1:]) for r in self.others]
        value, low, high, t = self._ends(lambda p: np.log(law(p)), others, self.stands)
        new = t * self.tails * self.scatter
        return Interval(
            *(
                np.exp(v)
                for v in (
                    value,
                    low,
                    high,
                    value - np.hypot(value - low, new),
                    value + np.hypot(high - value, new),
                )
            )
        )

    def _ends(
        self,
        statistic: Callable[[np.ndarray], np.ndarray],
        others: Sequence[tuple[np.ndarray, np.ndarray]],
        stands: bool = True,
    ):
        """A figure's value, the ends of its interval, and Student's factor. They reach as far as
        those of ``others``; of a law that does not stand beside these they hold its value alone.
        """
        value, t = statistic(self.estimate), self._t(statistic)
        down, up = self._spread(statistic(self.draws), self.overstated)
        low, high = (value - t * down, value + t * up) if stands or not others else (value, value)
        for estimate, draws in others:
            down, up = self._spread(statistic(draws), 1.0)
            there = statistic(estimate)
            low, high = np.minimum(low, there - t * down), np.maximum(high, there + t * up)
        return value, low, high, t

    @staticmethod
    def _spread(draws: np.ndarray, overstated: float) -> tuple[np.ndarray, np.ndarray]:
        """The standard deviations of ``draws`` (S, ...) below and above their median; equal where
        these are symmetric.
        """
        away = draws - np.median(draws, axis=0)
        return tuple(
            np.sqrt(2 * np.mean(np.maximum(side, 0) ** 2, axis=0)) / overstated
            for side in (-away, away)
        )
