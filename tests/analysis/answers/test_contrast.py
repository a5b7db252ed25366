"""Is the error of a contrast what its interval and its p say?"""

import pytest

from analysis.answers.contrast import Part


def test_the_p_of_a_part_is_where_its_interval_touches_the_bound():
    part = Part("x", 2.0, 0.7, 5.0, ())
    assert part.interval(1 - part.p_above(0.5))[0] == pytest.approx(0.5)
    assert part.p_above(2.5) == 1
