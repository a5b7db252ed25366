"""Are the ways in which models grow told apart, and compared at equal Gflops?"""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analysis.answers.compare.matched import matched_text
from analysis.answers.compare.ways import study_ways, ways
from tests.analysis.trial_tables import synthetic

MMDIT_DEPTH = Path(__file__).parents[4] / "results/reference/mmdit_depth"
TOGETHER = {"d3w24": 1.0, "d4w32": 2.0, "d6w48": 8.0}
DEPTH = {"d6w24": 2.5, "d12w24": 5.0, "d24w24": 7.0}


def table(rungs: dict[str, float], times: dict[str, float], spread: float = 0.01) -> pl.DataFrame:
    """FIDs of 10 Gflops^-1/2, of some rungs so many times that, at two seeds."""
    gflops = np.repeat(list(rungs.values()), 2)
    factor = np.repeat([times.get(rung, 1.0) for rung in rungs], 2)
    fid = 10 * gflops**-0.5 * factor * np.exp(spread * np.resize([-1, 1], len(gflops)))
    return synthetic(gflops, fid, seeds=2).with_columns(
        rung=pl.Series(np.repeat(list(rungs), 2)), series=pl.lit("patch 2")
    )


def test_a_way_is_set_beside_the_line_of_the_other_at_its_own_gflops():
    (found,) = ways(table(TOGETHER | DEPTH, dict.fromkeys(DEPTH, 1.3)))
    assert (found.a, found.b) == ("depth and width together", "depth alone")
    assert [math.exp(pair.log) for pair in found.pairs] == pytest.approx([1.3] * 3)
    assert [pair.verdict for pair in found.pairs] == [1, 1, 1]
    assert found.pairs[0].a == "the line from m1 to m2"
    assert math.exp(found.mean.value) == pytest.approx(1.3) and abs(found.trend.value) < 1e-9
    # of the line's two ends the nearer counts more, and each as much as the line leans on it
    share = math.log(2.5 / 2) / math.log(4)
    error = 0.01 * math.sqrt(1 + share**2 + (1 - share) ** 2)
    assert found.pairs[0].change.error == pytest.approx(error)


def test_models_that_grow_in_one_way_or_beyond_the_other_s_have_none():
    assert ways(table(TOGETHER, {})) == []
    assert ways(table(TOGETHER | {"d99w24": 9.0}, {})) == []
    assert ways(table({"S": 1.0, "B": 2.0, "L": 8.0}, {})) == []
    ladder = {"d2w16": 1.0, "d2w32": 2.0, "d2w48": 4.0, "d3w64": 8.0}  # as of digits
    assert ways(table(ladder, {})) == []


def test_one_seed_has_ratios_without_an_error():
    points = table(TOGETHER | DEPTH, {}).filter(seed=0)
    (found,) = ways(points)
    assert found.mean is None and all(pair.change is None for pair in found.pairs)


def test_the_three_ways_of_an_mmdit_are_compared_two_by_two():
    text = matched_text(study_ways(MMDIT_DEPTH))
    for words in (
        "depth alone against depth and",
        "width alone against depth and",
        "against depth",
    ):
        assert words in text
    assert (
        "SD3-d12w24/2 (0.00196 Gflops) against the line from SD3-d4w32/2 to SD3-d5w40/2: 1" in text
    )
