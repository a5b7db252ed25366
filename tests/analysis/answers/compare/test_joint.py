"""Are curves brought together at the rate their interval claims, and told apart if they differ?"""

import math

import numpy as np
import polars as pl
import pytest

from analysis.answers.compare import compare_frames
from analysis.answers.compare.joint import DIFFER, joint
from analysis.answers.compare.text import compare_text
from tests.analysis.rung_effects import recipe


def compared(rng, gains):
    """A and B on one curve for each of ``gains``, B's log multiplier there."""
    a, b = (
        pl.concat(
            recipe(rng, lambda c, own=own: own, 0.05).with_columns(
                series=pl.lit(f"patch {2**i}"),
                trial_id=pl.format("{}-{}", pl.lit(i), "trial_id"),
                model=pl.format("{}/{}", "model", pl.lit(2**i)),
                cell=pl.format("{}/{}", "cell", pl.lit(2**i)),
            )
            for i, own in enumerate(curve)
        )
        for curve in ([0.0] * len(gains), gains)
    )
    return compare_frames(a, b)


def test_the_mean_of_equal_curves_is_held_and_narrower_than_one():
    rng, held, apart = np.random.default_rng(1), 0, 0
    for _ in range(30):
        found = compared(rng, [math.log(1.5)] * 3)
        together = joint(found)
        low, high = together.interval
        held += low <= 1.5 <= high
        apart += together.differ < DIFFER
    assert held >= 26 and apart <= 4
    assert together.log.error < max(one.mean.error for one in found)
    assert f"all 3 curves: {together.multiplier:.2f}"[:18] in compare_text(found)


def test_curves_that_differ_are_told_apart():
    found = compared(np.random.default_rng(2), [0.0, math.log(8)])
    assert joint(found).differ < 1e-3
    assert "the curves differ (chance" in compare_text(found)


def test_one_curve_is_itself():
    assert joint(compared(np.random.default_rng(3), [0.0])) is None
    assert joint([]) is None
    with pytest.raises(ValueError):
        compared(np.random.default_rng(3), [])
