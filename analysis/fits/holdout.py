"""Would a law have predicted the largest runs? It is fitted without them and scored on them.

Every extrapolation is given with three things: its intervals, the audit of the same law on the runs
at hand, and how many times the largest budget fitted it reaches. Past FAR times it says so in
words, for the figure: intervals hold the errors of the law's parameters, not the chance that
another law holds out there.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.fits import curves
from analysis.fits.approaches import parametric
from analysis.fits.linear import Interval
from analysis.fits.points import Runs

FAR = 10.0

Predict = Callable[[Runs, Runs], Interval]  # runs to fit, runs to predict -> their figures


def far(reach: float, of: str) -> str:
    """What a prediction ``reach`` times beyond ``of`` must say, on its figure too; "" within FAR
    times the data.
    """
    return (
        f"reaches {reach:.3g} times {of}, past {FAR:g} times the data"
        if reach > FAR * (1 + 1e-9)
        else ""
    )


@dataclass(frozen=True)
class Audit:
    """A law fitted without the largest rungs, against what these measured."""

    law: str
    held_out: tuple[str, ...]  # names of the runs
    reach: float  # largest held-out value of the axis over the largest fitted
    measured: np.ndarray  # (m,)
    predicted: Interval  # (m,)

    @property
    def errors(self) -> np.ndarray:
        """log predicted - log measured (m,)."""
        return np.log(self.predicted.value / self.measured)

    @property
    def rms(self) -> float:
        return math.sqrt(float(np.mean(self.errors**2)))

    @property
    def inside(self) -> float:
        """The share of measured values inside their 95 % prediction intervals."""
        return float(
            np.mean(
                (self.predicted.predicted_low <= self.measured)
                & (self.measured <= self.predicted.predicted_high)
            )
        )

    def table(self) -> pl.DataFrame:
        """One row per held-out run."""
        p = self.predicted
        return pl.DataFrame(
            {
                "run": self.held_out,
                "measured": self.measured,
                "predicted": p.value,
                "low": p.predicted_low,
                "high": p.predicted_high,
                "log_error": self.errors,
                "inside": (p.predicted_low <= self.measured) & (self.measured <= p.predicted_high),
            }
        )


def approach3(resamples: int = 200, delta: float = parametric.DELTA, seed: int = 0) -> Predict:
    """Predicts loss from n and d by E + A/N^alpha + B/D^beta."""

    def predict(runs: Runs, at: Runs) -> Interval:
        fitted = parametric.fit(runs, delta)
        return parametric.uncertain(fitted, resamples, seed).predict(
            lambda p: parametric.law(p[..., None, :], at["n"], at["d"])
        )

    return predict


def curve(
    kind: str, resamples: int = 200, delta: float = parametric.DELTA, seed: int = 0
) -> Predict:
    """Predicts y from x by a law of ``curves``."""

    def predict(runs: Runs, at: Runs) -> Interval:
        fitted = curves.fit(runs, kind, delta)
        return fitted.uncertain(resamples, seed).predict(lambda p: curves.law(kind, p, at["x"]))

    return predict


def audit(
    runs: Runs, predict: Predict, law: str, measured: str, axis: str, rungs: int = 1
) -> Audit:
    """Hold out the runs at the ``rungs`` largest values of column ``axis``, fit the others,
    predict.

    ``measured`` is the column predicted. ValueError as the law's own where too few runs are left,
    or where holding out leaves none.
    """
    steps = np.unique(runs[axis])
    if not 0 < rungs < len(steps):
        raise ValueError(
            f"{rungs} of {len(steps)} rungs of {axis} cannot be held out; hold out 1 to "
            f"{len(steps) - 1}"
        )
    out = runs[axis] >= steps[-rungs]
    kept, largest = runs.take(~out), runs.take(out)
    return Audit(
        law,
        largest.names,
        float(steps[-1] / kept[axis].max()),
        largest[measured],
        predict(kept, largest),
    )
