"""Would this law have predicted the largest runs? Fit without them, predict them, and say how far the real question is.

Every extrapolation is given with three things: its intervals, the audit of the same law on the runs at hand, and how
many times the largest budget fitted it reaches. Past FAR times it says so in words, for the figure: intervals hold the
errors of the law's parameters, not the chance that another law holds out there.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.fits import curves, parametric
from analysis.fits.isoflop import flops_of
from analysis.fits.linear import Interval
from analysis.fits.points import Runs

FAR = 10.0

Predict = Callable[[Runs, Runs], Interval]  # runs to fit, runs to predict -> their figures


def far(reach: float, of: str) -> str:
    """What a prediction ``reach`` times beyond ``of`` must say, on its figure too; "" within FAR times the data."""
    return f"reaches {reach:.3g} times {of}, past {FAR:g} times the data" if reach > FAR * (1 + 1e-9) else ""


@dataclass(frozen=True)
class Audit:
    """A law fitted without the largest rungs, against what these measured."""

    law: str
    held_out: tuple[str, ...]        # names of the runs
    fitted_on: int                   # runs
    reach: float                     # largest held-out value of the axis over the largest fitted
    measured: np.ndarray             # (m,)
    predicted: Interval              # (m,)

    @property
    def errors(self) -> np.ndarray:
        """log predicted - log measured (m,)."""
        return np.log(self.predicted.value / self.measured)

    @property
    def rms(self) -> float:
        return math.sqrt(float(np.mean(self.errors**2)))

    @property
    def held(self) -> float:
        """The share of measured figures inside their 95 % prediction intervals."""
        return float(np.mean((self.predicted.predicted_low <= self.measured)
                             & (self.measured <= self.predicted.predicted_high)))

    def table(self) -> pl.DataFrame:
        """One row per held-out run."""
        p = self.predicted
        return pl.DataFrame({
            "run": self.held_out, "measured": self.measured, "predicted": p.value, "low": p.predicted_low,
            "high": p.predicted_high, "log_error": self.errors,
            "inside": (p.predicted_low <= self.measured) & (self.measured <= p.predicted_high)})


@dataclass(frozen=True)
class Extrapolation:
    """A prediction with what a reader needs to doubt it."""

    predicted: Interval
    reach: float                     # times the largest budget fitted
    audit: Audit | None              # None where too few runs are left without the largest rung
    why_no_audit: str

    @property
    def caveat(self) -> str:
        """A line for the figure; "" within FAR times the data and with an audit whose intervals held."""
        return "; ".join(part for part in (
            far(self.reach, "the largest budget fitted"),
            f"not checked out of sample: {self.why_no_audit}" if self.audit is None else "",
            f"out of sample {self.audit.held:.0%} of the intervals held" if self.audit and self.audit.held < 1 else "",
        ) if part)


def approach3(resamples: int = 200, delta: float = parametric.DELTA, seed: int = 0) -> Predict:
    """Predicts loss from n and d by E + A/N^alpha + B/D^beta."""
    def predict(runs: Runs, at: Runs) -> Interval:
        fitted = parametric.fit(runs, delta)
        return parametric.uncertain(fitted, resamples, seed).predict(
            lambda p: parametric.law(p[..., None, :], at["n"], at["d"]))
    return predict


def curve(kind: str, resamples: int = 200, delta: float = parametric.DELTA, seed: int = 0) -> Predict:
    """Predicts y from x by a law of ``curves``."""
    def predict(runs: Runs, at: Runs) -> Interval:
        fitted = curves.fit(runs, kind, delta)
        return fitted.uncertain(resamples, seed).predict(lambda p: curves.law(kind, p, at["x"]))
    return predict


def audit(runs: Runs, predict: Predict, law: str, measured: str, axis: str, rungs: int = 1) -> Audit:
    """Hold out the runs at the ``rungs`` largest values of column ``axis``, fit the others, predict.

    ``measured`` is the column predicted. ValueError as the law's own where too few runs are left, or where holding out
    leaves none.
    """
    steps = np.unique(runs[axis])
    if not 0 < rungs < len(steps):
        raise ValueError(f"{rungs} of {len(steps)} rungs of {axis} cannot be held out; hold out 1 to {len(steps) - 1}")
    out = runs[axis] >= steps[-rungs]
    kept, held = runs.take(~out), runs.take(out)
    return Audit(law, held.names, len(kept), float(steps[-1] / kept[axis].max()), held[measured], predict(kept, held))


def extrapolate(runs: Runs, at: Runs, predict: Predict, law: str, measured: str, axis: str) -> Extrapolation:
    """Predict ``at`` from all ``runs``, and the largest rung of ``axis`` from those below it.

    The reach is in training FLOPs where both have n and d or flops, else in ``axis``.
    """
    budget = (lambda r: flops_of(r)) if {"n", "d"} <= runs.columns.keys() else (lambda r: r[axis])
    reach = float(budget(at).max() / budget(runs).max())
    try:
        checked, why = audit(runs, predict, law, measured, axis), ""
    except ValueError as reason:  # told on the figure, in place of the audit
        checked, why = None, str(reason)
    return Extrapolation(predict(runs, at), reach, checked, why)
