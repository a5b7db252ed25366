"""Which candidate of ``fid_laws`` predicts a larger rung? Rolled over held-out rungs, scored once.

The choice: rungs in order of N; hold out each rung that the smaller ones can predict, fit those,
and score. The last held-out rung decides, because it asks the question that will be asked; earlier
ones are reported. The final rung is no part of the choice: ``final_score`` fits the chosen law to
all below it and scores it once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.fits.fid_laws import CANDIDATES, fit_law, rungs
from analysis.fits.linear import UNKNOWN, Interval, NoiseVariances

LEAST_ROLLED = 3  # sizes over which the held-out rung rolls


@dataclass(frozen=True)
class Score:
    """A law fitted to the rungs below ``rung`` against the FIDs measured there."""

    law: str
    rung: str
    below: tuple[str, ...]
    models: tuple[str, ...]
    fid: np.ndarray  # measured, geometric mean over seeds (m,)
    predicted: Interval | None  # None where the rungs below cannot tell the law's coefficients
    why: str = ""  # they cannot

    @property
    def rms(self) -> float | None:
        """Root mean square of log predicted - log measured."""
        if self.predicted is None:
            return None
        return math.sqrt(float(np.mean(np.log(self.predicted.value / self.fid) ** 2)))

    @property
    def inside(self) -> int | None:
        """How many measured FIDs lie inside their 95 % prediction intervals."""
        return (
            None
            if self.predicted is None
            else int(
                np.sum(
                    (self.predicted.predicted_low <= self.fid)
                    & (self.fid <= self.predicted.predicted_high)
                )
            )
        )


@dataclass(frozen=True)
class Chosen:
    """The law that predicted the last rolled rung best, and how every candidate did."""

    law: str
    decided_on: str  # the rung
    scores: tuple[Score, ...]  # every candidate at every rolled rung


def score(name: str, models: pl.DataFrame, rung: str, noise: NoiseVariances = UNKNOWN) -> Score:
    """Fit ``name`` to the rungs below ``rung`` and predict it."""
    order = rungs(models)
    below = order[: order.index(rung)]
    largest = models.filter(pl.col("rung") == rung)
    about = (name, rung, tuple(below), tuple(largest["model"]), largest["fid"].to_numpy())
    try:
        law = fit_law(name, models.filter(pl.col("rung").is_in(below)), noise)
    except ValueError as reason:  # too few rungs for this form: the table says so
        return Score(*about, predicted=None, why=str(reason))
    return Score(*about, predicted=law.predict(largest))


def choose(
    models: pl.DataFrame,
    candidates: Sequence[str] = tuple(CANDIDATES),
    noise: NoiseVariances = UNKNOWN,
) -> Chosen:
    """Roll the held-out rung over all but the smallest; the candidate of least rms log error on the
    largest wins.

    Give it the rungs that may decide: not the one that the law will be scored on at the end.
    """
    order = rungs(models)
    _enough(order, "rolling a held-out rung", "sizes")
    scores = tuple(score(name, models, rung, noise) for rung in order[1:] for name in candidates)
    last = [scored for scored in scores if scored.rung == order[-1]]
    fitted = [scored for scored in last if scored.rms is not None]
    if not fitted:
        raise ValueError(f"no candidate can be fitted to {', '.join(order[:-1])}: {last[0].why}")
    return Chosen(min(fitted, key=lambda scored: scored.rms).law, order[-1], scores)


def final_score(
    models: pl.DataFrame,
    rung: str,
    candidates: Sequence[str] = tuple(CANDIDATES),
    noise: NoiseVariances = UNKNOWN,
) -> tuple[Chosen, Score]:
    """Choose on the rungs below ``rung``, fit the chosen law to all of them, and score it on
    ``rung`` once.
    """
    chosen = choose_below(models, rung, candidates, noise)
    return chosen, score(chosen.law, models, rung, noise)


def choose_below(
    models: pl.DataFrame,
    rung: str,
    candidates: Sequence[str] = tuple(CANDIDATES),
    noise: NoiseVariances = UNKNOWN,
) -> Chosen:
    """``choose`` on the rungs below ``rung``."""
    order = rungs(models)
    if rung not in order:
        raise ValueError(f"no model of size {rung!r}; sizes are {', '.join(order)}")
    smaller = order[: order.index(rung)]
    _enough(smaller, f"a law chosen by rolling and scored on {rung}", "smaller sizes")
    return choose(models.filter(pl.col("rung").is_in(smaller)), candidates, noise)


def _enough(sizes: Sequence[str], law: str, what: str) -> None:
    if len(sizes) < LEAST_ROLLED:
        named = f" ({', '.join(sizes)})" if sizes else ""
        raise ValueError(
            f"{law} needs {LEAST_ROLLED} {what} or more, found {len(sizes)}{named}; "
            f"add {LEAST_ROLLED - len(sizes)}"
        )


def scores_table(scores: Sequence[Score]) -> pl.DataFrame:
    """One row per candidate and rung, for reading; null where the rungs below cannot tell the
    law.
    """
    return pl.DataFrame(
        [
            {
                "law": s.law,
                "held_out": s.rung,
                "fitted_on": " ".join(s.below),
                "rms_log_error": s.rms,
                "inside_95": s.inside,
                "models": len(s.models),
                "why_not": s.why or None,
            }
            for s in scores
        ],
        schema={
            "law": pl.String,
            "held_out": pl.String,
            "fitted_on": pl.String,
            "rms_log_error": pl.Float64,
            "inside_95": pl.Int64,
            "models": pl.Int64,
            "why_not": pl.String,
        },
    )
