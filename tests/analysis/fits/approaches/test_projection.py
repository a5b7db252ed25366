"""Is the best cell of the grid next to the true exponents, for every fit of a batch?"""

import numpy as np
import pytest

from analysis.fits.approaches import projection
from tests.analysis.laws import TRUTH, grid


def test_the_first_start_is_next_to_the_truth_of_noise_free_runs():
    runs = grid(6, 6, 0.0)
    x, z = (np.log(runs[role]) - np.log(runs[role]).mean() for role in "nd")
    weight = np.ones((2, len(runs)))
    weight[1, ::3] = 0  # the second fit leaves out every third run
    starts = projection.starts(x, z, runs["loss"], weight, 3)
    assert starts.shape == (2, 3, 5)
    step = projection.GRID[1] / projection.GRID[0]
    for best in starts[:, 0]:
        assert best[3:] == pytest.approx(TRUTH[3:], rel=step - 1)
        assert np.exp(best[0]) == pytest.approx(TRUTH[0], rel=0.1)
