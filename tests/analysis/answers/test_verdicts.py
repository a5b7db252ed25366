"""Has every verdict a tone, and is one rule behind "holds"?"""

import pytest

from analysis.answers import verdicts
from analysis.answers.verdicts import FAILS, HOLDS, OPEN, UNKNOWN, below


def test_every_word_has_a_tone_that_the_page_has_a_style_for():
    words = {*verdicts.OF_CLAIM, *verdicts.OF_STEP, *verdicts.OF_PAIR, *verdicts.OF_COMPARISON}
    assert words == set(verdicts.TONES)
    assert set(verdicts.TONES.values()) == {"holds", "fails", "open"}


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [((-2, -1), HOLDS), ((1, 2), FAILS), ((-1, 1), UNKNOWN), ((-1, 0), UNKNOWN), ((0, 1), UNKNOWN)],
)
def test_an_interval_on_one_side_of_the_bound_decides(interval, verdict):
    assert below(interval) == verdict
    assert below(tuple(end - 0.7 for end in interval), bound=-0.7) == verdict
    assert below((-1, 1), neither=OPEN) == OPEN
