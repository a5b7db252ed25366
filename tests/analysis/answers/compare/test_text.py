"""Is a comparison told with whom its interval is for, and what would narrow it?"""

import numpy as np

from analysis.answers.compare import OPEN, compare_frames
from analysis.answers.compare.text import compare_text, comparison_table
from tests.analysis import rung_effects
from tests.analysis.rung_effects import recipe


def test_rungs_off_the_laws_widen_the_recipes_interval_and_not_that_of_these_rungs():
    rng = np.random.default_rng(9)
    a, b = (
        rung_effects.study(rng, 0, 0.1, noise=0.005),
        rung_effects.study(rng, 0, 0.1, noise=0.005),
    )
    (found,) = compare_frames(a, b)
    assert found.mean.value == found.here.value and found.mean.error > 2 * found.here.error
    said = compare_text([found])
    assert "for the recipes, as other rungs would show them; for these rungs alone [" in said
    table = comparison_table([found])
    assert table["rung"].to_list()[-2:] == ["all 4, for these rungs", "all 4, for the recipes"]


def test_equal_recipes_are_not_resolved_and_are_told_what_would():
    rng, wrong = np.random.default_rng(2), 0
    for _ in range(100):
        (found,) = compare_frames(recipe(rng, lambda c: 0), recipe(rng, lambda c: 0))
        wrong += found.verdict != OPEN
    assert wrong <= 9
    assert (
        "seeds of each rung would resolve a multiplier of 1.2" in compare_text([found])
        or found.verdict != OPEN
    )
