"""Are the rows that move the answer most found, and the answer without them right?"""

import numpy as np
import pytest

from analysis.fits import curves
from analysis.fits.approaches import parametric
from analysis.fits.trust.influence import MOST, influence
from tests.analysis.fits.test_curves import points
from tests.analysis.laws import TRUTH, scattered, table


def bent_rows():
    """120 runs of 5 to 100 tokens a parameter, and four of a tenth of one, 20 to 80 % too high."""
    rng = np.random.default_rng(0)
    n = np.exp(rng.uniform(np.log(5e7), np.log(1.5e10), 124))
    d = n * np.exp(rng.uniform(np.log(5), np.log(100), 124))
    d[120:] = 0.1 * n[120:] * [1, 1.2, 1.4, 1.6]
    noise = np.exp(0.004 * rng.standard_normal(124))
    noise[120:] = [1.8, 1.6, 1.4, 1.2]
    return table(n, d, parametric.law(TRUTH, n, d) * noise), range(120, 124)


def test_rows_that_hide_each_other_are_found_together():
    runs, high = bent_rows()
    found = influence(parametric.fit(runs).view())
    assert found.reported and set(found.rows) <= set(high) and 1 < len(found.rows) <= MOST
    assert found.without == pytest.approx(TRUTH[4], abs=0.01) and found.value > 0.32
    keep = np.ones(len(runs), bool)
    keep[list(found.rows)] = False
    again = parametric.fit(runs.take(keep))
    assert found.estimate == pytest.approx(again.parameters, rel=1e-4)


def test_a_law_s_own_noise_is_seldom_told():
    told = [
        influence(parametric.fit(scattered(100, 0.01, seed)).view()).reported for seed in range(15)
    ]
    assert sum(told) <= 2


def test_one_point_far_out_moves_a_line():
    x = np.append(np.geomspace(1, 3, 21), 1e4)
    y = x**-0.3 * np.exp(0.01 * np.random.default_rng(0).standard_normal(22))
    y[-1] *= 2
    found = influence(curves.fit(points(x, y), "power").view())
    assert found.reported and found.rows == (21,) and found.parameter == "c"
    assert found.without == pytest.approx(0.3, abs=0.05)


def test_too_few_rows_are_not_left_out():
    x = np.geomspace(1, 100, 8)
    assert influence(curves.fit(points(x, x**-0.3), "power").view()) is None
