"""How large are the two errors of a FID: that of drawing other samples, and that of training again
with another seed?
"""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.fits.distributions import t_quantile
from analysis.fits.linear import LEVEL, noise_of, training_alone
from analysis.select.trials import measured
from analysis.text import count, number


@dataclass(frozen=True)
class TwoErrors:
    """Standard deviations of log FID, that is, shares of a FID. None: not known."""

    sampling: float | None  # of other samples of one network, rms over the trials that tell it
    both: float | None  # of one training with one set of samples: between seeds of one cell
    training: float | None  # of training again, sampling taken out; 0 where sampling explains all
    dof: int  # degrees of freedom behind ``both``

    @property
    def decides(self) -> float | None:
        """Two FIDs of a training each differ by more than this share in 5 % of pairs though nothing
        but luck differs. Student's t: the spread between seeds is itself known from ``dof`` alone.
        """
        if self.both is None:
            return None
        return math.expm1(float(t_quantile((1 + LEVEL) / 2, self.dof)) * math.sqrt(2) * self.both)

    def __str__(self) -> str:
        other = (
            "what other samples of a network would do was not recorded"
            if self.sampling is None
            else f"other samples of the same network would move it by {_percent(self.sampling)}"
        )
        if self.both is None:
            return (
                f"Of a FID's two errors, {other}; what training again would do, repeats with "
                "other seeds would tell."
            )
        freedom = count(self.dof, "degree of freedom", "degrees of freedom")
        again = (
            f"training again, with new samples, by {_percent(self.both)} ({freedom})"
            if self.training is None
            else f"training again with another seed by {_percent(self.training)} (sampling taken "
            f"out, {freedom})"
        )
        return (
            f"A FID's two errors, apart: {other}, {again}. Between single trainings, gaps under "
            f"{_percent(self.decides)} decide nothing."
        )


def two_errors(trials: pl.DataFrame) -> TwoErrors:
    """Those of the completed ``trials`` with a FID above zero; which are repeats says their
    ``cell``. A training counts once: its luck is the same however often it is sampled.
    """
    done = measured(trials).filter(pl.col("fid") > 0)
    done = done.unique("train_id", keep="first", maintain_order=True)
    share = (done["fid_se"] / done["fid"]).to_numpy()  # NaN where a record does not tell
    known = share[np.isfinite(share)]
    noise = noise_of(done["fid"].to_numpy(), done["cell"].to_numpy(), known if len(known) else None)
    alone = training_alone(noise)
    return TwoErrors(_root(noise.sampling), _root(noise.training), _root(alone), noise.training_dof)


def _root(variance: float | None) -> float | None:
    return None if variance is None else math.sqrt(variance)


def _percent(share: float) -> str:
    return f"{number(100 * share, 2)} %"
