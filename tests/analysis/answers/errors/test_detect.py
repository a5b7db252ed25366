"""Do so many seeds tell two models apart in as many cases as is said?"""

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis.answers.errors.detect import POWER, detection, seeds_needed
from analysis.frames import trials_frame
from analysis.frames.published import PUBLISHED

DIGITS = PUBLISHED.parent / "reference" / "digits"


@pytest.mark.parametrize("gap, spread", [(0.1, 0.05), (0.1, 0.12), (0.5, 0.12), (0.03, 0.02)])
def test_so_many_seeds_and_no_fewer_tell_them_apart_in_simulated_studies(gap, spread):
    seeds, draw = seeds_needed(gap, spread), np.random.default_rng(0)

    def told(count: int) -> float:
        first, second = draw.normal(0, spread, (2, 20_000, count))
        result = stats.ttest_ind(first + math.log1p(gap), second, axis=1)
        return float((result.pvalue < 0.05).mean())

    assert told(seeds) > POWER - 0.015
    assert seeds == 2 or told(seeds - 1) < POWER + 0.015


def test_without_luck_two_seeds_are_enough_and_of_too_much_no_number_is():
    assert seeds_needed(0.1, 0) == 2 == seeds_needed(0.5, 1e-9)
    assert seeds_needed(0.001, 1.0) is None


def test_more_samples_take_no_more_seeds_until_training_alone_is_left():
    found = detection(trials_frame(DIGITS), 0.2)
    counts = [enough.seeds for enough in found.enough]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] >= seeds_needed(0.2, found.errors.training)
    assert found.enough[0].samples == 1000


@pytest.mark.parametrize("gap", [0, -0.1, math.nan, math.inf])
def test_no_difference_is_refused(gap):
    with pytest.raises(ValueError, match="give one above 0 %"):
        detection(trials_frame(DIGITS), gap)


def test_records_without_repeats_or_of_several_numbers_of_samples_are_refused():
    trials = trials_frame(DIGITS)
    with pytest.raises(ValueError, match="--set seeds=3"):
        detection(trials.unique("cell"), 0.1)
    mixed = trials.with_columns(
        pl.when(pl.int_range(pl.len()) == 0)
        .then(5000)
        .otherwise("fid_samples")
        .alias("fid_samples")
    )
    with pytest.raises(ValueError, match="FIDs of 1000, 5000 samples"):
        detection(mixed, 0.1)
