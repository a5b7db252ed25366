"""Is the Huber loss quadratic near zero and linear beyond, and is its least sum found?"""

import numpy as np
import pytest

from analysis.fits import huber


def test_the_loss_is_quadratic_up_to_delta_and_linear_with_its_slope_beyond():
    inside, edge, beyond = huber.huber(np.array([0.5, -1.0, 3.0]), 1.0)
    assert (inside, edge, beyond) == (0.125, 0.5, 2.5)


def test_a_line_through_points_ignores_an_outlier_and_heeds_weights():
    x = np.arange(8.0)
    y = 2 * x + 1
    y[7] += 100
    rows = np.vstack([np.ones(8), x])  # (p, n)

    def line(theta, index):
        return theta @ rows - y, np.repeat(rows[None], len(theta), 0)

    weight = np.ones((2, 8))
    weight[1, 7] = 100  # the second fit counts the outlier a hundred times
    low, high = np.full(2, -1e3), np.full(2, 1e3)
    theta, value = huber.minimise(line, np.zeros((2, 2)), weight, 1e-3, low, high)
    assert theta[0] == pytest.approx([1, 2], abs=1e-2)
    assert theta[1] @ rows[:, 7] == pytest.approx(y[7], abs=1e-2)
    assert value == pytest.approx(huber.objective(line(theta, None)[0], weight, 1e-3))
