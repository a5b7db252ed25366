"""Does the figure of a comparison say where it extrapolates?"""

import math

import numpy as np

from analysis.answers.compare import compare_frames
from analysis.answers.compare.text import compare_text
from analysis.figures.compare import multipliers
from tests.analysis.rung_effects import recipe


def test_a_multiplier_past_ten_times_the_data_says_so():
    rng = np.random.default_rng(5)
    near, far = (
        compare_frames(recipe(rng, lambda c: 0), recipe(rng, lambda c, m=m: math.log(m)))
        for m in (2, 40)
    )
    assert "past 10 times the data" not in compare_text(near)
    assert "times A's largest budget, past 10 times the data" in compare_text(far)
    drawn = [
        multipliers(found, "A", "B").axes[0].get_title(loc="left").replace("\n", " ")
        for found in (near, far)
    ]
    assert drawn[0] == "" and "nothing checks a law there" in drawn[1]
