"""Does one pair of trainings prove nothing without the published spread?"""

import pytest

from analysis.answers.verdicts import UNKNOWN
from analysis.claims import HOLDS
from analysis.claims.published_noise import seed_spread
from analysis.frames.published import (
    block_designs,
    dit_table4,
    sampling_compute,
)
from tests.analysis.claims.asking import asked


def test_without_the_published_spread_one_pair_of_trainings_proves_nothing():
    assert asked("adaln-zero", block_designs()).verdict == UNKNOWN
    assert "one seed" in asked("adaln-zero", block_designs()).why
    assert asked("sampling", sampling_compute()).verdict == UNKNOWN
    found = asked("gflops", dit_table4())  # the scatter about each line stands for the noise
    assert found.verdict == HOLDS and "one seed" in found.why
    small = [seed_spread(n).training for n in (10_000, 50_000)]
    assert small[0] > small[1] == pytest.approx(0.02**2)
