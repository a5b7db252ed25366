"""Does a comparison give its crossover, and advise what would help?"""

import math

import numpy as np
import pytest

from analysis.answers.compare import CROSSES, OPEN, compare_frames
from analysis.answers.compare.text import compare_text
from analysis.figures.compare import multipliers
from tests.analysis.rung_effects import recipe


def test_crossing_laws_give_the_crossover():
    rng, cross = np.random.default_rng(3), 3e10
    (found,) = compare_frames(
        recipe(rng, lambda c: 0, 0.01), recipe(rng, lambda c: 0.4 * math.log(c / cross), 0.01)
    )
    assert found.crossover == pytest.approx(cross, rel=0.3)
    low, high = found.trend.interval()
    assert low < 0.4 < high
    assert found.verdict == CROSSES
    assert "crossover at" in compare_text([found])
    (axes,) = multipliers([found], "A", "B").axes
    assert axes.get_ylabel() == "compute multiplier of B over A"


def test_seeds_are_not_advised_against_a_law_that_bends():
    """A waves about its law: more seeds of each rung would not narrow that. Without the wave they
    would.
    """
    rng = np.random.default_rng(8)
    bent = recipe(rng, lambda c: 1.5 * math.cos(math.log(c)), 0.01)
    (found,) = compare_frames(bent, recipe(rng, lambda c: 0, 0.01))
    assert found.verdict == OPEN and found.advice.startswith(
        "no number of seeds would resolve a multiplier of 1.2"
    )
    (straight,) = compare_frames(*(recipe(rng, lambda c: 0, 0.2) for _ in "ab"))
    assert (
        "seeds of each rung would resolve a multiplier of 1.2" in straight.advice
        and straight.bend < found.bend
    )
