"""How many seeds and samples tell two models apart whose FIDs differ by so much?

Student's t of the difference of two means of log FID, each over the same number of trainings that
were sampled once, with the spread known from those trainings alone. Power by the noncentral t, as
in any book on the design of experiments (Cohen 1988, chapter 2).
"""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from analysis.answers.errors.fid_errors import TwoErrors, two_errors
from analysis.fits.linear import LEVEL
from analysis.select.trials import measured

POWER = 0.8  # of pairs that differ so much, this share is told apart
MOST_SEEDS = 1000
MANY_SAMPLES = (1, 2, 5, 10, 50)  # times as many as the records have


@dataclass(frozen=True)
class Enough:
    """So many ``samples`` for each of ``seeds`` trainings of both models; None: no number up to
    ``MOST_SEEDS`` is enough.
    """

    samples: int
    seeds: int | None


@dataclass(frozen=True)
class Detection:
    """What tells two FIDs apart that differ by ``gap``, a share of the smaller one."""

    gap: float
    errors: TwoErrors
    enough: tuple[Enough, ...]  # by samples, rising


def detection(trials: pl.DataFrame, gap: float) -> Detection:
    """The seeds that it takes, by the two errors that the records of ``trials`` tell.

    ``gap`` is a share: 0.1 for FIDs that differ by 10 %. ValueError for a gap of 0 or less, or
    where the records hold no repeats with other seeds, or FIDs of several numbers of samples.
    """
    if not 0 < gap <= 100:
        raise ValueError(f"a difference of {100 * gap:g} % cannot be told; give one above 0 %")
    errors = two_errors(trials)
    if errors.both is None:
        raise ValueError(
            "the records hold no repeats with other seeds, which tell how far training again moves "
            "a FID; run some (--set seeds=3), or name records that do"
        )
    sizes = measured(trials)["fid_samples"].unique().drop_nulls().to_list()
    if len(sizes) != 1:
        raise ValueError(
            f"the records hold FIDs of {', '.join(map(str, sorted(sizes)))} samples; name records "
            "of one number"
        )
    return Detection(gap, errors, tuple(_enough(errors, gap, sizes[0])))


def _enough(errors: TwoErrors, gap: float, samples: int) -> list[Enough]:
    """One for each number of samples whose error is known: by law it falls as one over its root."""
    assert errors.both is not None
    if errors.sampling is None or errors.training is None:
        return [Enough(samples, seeds_needed(gap, errors.both))]
    return [
        Enough(
            times * samples,
            seeds_needed(gap, math.hypot(errors.training, errors.sampling / math.sqrt(times))),
        )
        for times in MANY_SAMPLES
    ]


def seeds_needed(gap: float, spread: float) -> int | None:
    """The fewest trainings of each model whose means are told apart in ``POWER`` of cases.

    ``spread`` is the standard deviation of log FID between trainings. None above ``MOST_SEEDS``.
    """
    if spread == 0:
        return 2  # of one there is no spread to be known
    seeds = np.arange(2, MOST_SEEDS + 1)
    dof, shift = 2 * (seeds - 1), math.log1p(gap) / (spread * np.sqrt(2 / seeds))
    power = stats.nct.sf(stats.t.ppf((1 + LEVEL) / 2, dof), dof, shift)
    enough = seeds[np.nan_to_num(power, nan=1.0) >= POWER]  # NaN: a shift that is far beyond it
    return int(enough[0]) if len(enough) else None
