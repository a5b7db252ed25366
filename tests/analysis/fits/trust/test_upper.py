"""Is a law of the upper half fitted to the rows with the largest budgets, and refused for few?"""

import numpy as np
import pytest

from analysis.fits.trust import upper


def line(columns, values, at):
    """Log figures on a straight line in the log of x."""
    slope, level = np.polyfit(np.log(columns["x"]), values[0], 1)
    return (level + slope * np.log(at["x"]))[None]


def test_the_exponent_is_that_of_the_end():
    x = np.geomspace(1, 1e4, 9)
    log = np.log(x)
    bent = -0.5 * log + 0.3 * np.maximum(log - np.log(1e2), 0)  # -0.2 from the median on
    form = upper.form("upper half", line, 2, ("x",), spare=1)
    ahead = form.predict({"x": x}, bent[None], {"x": np.array([1e5, 1e6])})[0]
    assert ahead == pytest.approx(bent[-1] - 0.2 * np.log([10, 100]))
    assert form.kept({"x": x}).tolist() == [False] * 4 + [True] * 5 and not form.all_rows


def test_a_budget_is_the_product_of_the_inputs():
    columns = {"n": np.array([1.0, 10.0]), "d": np.array([100.0, 1.0])}
    assert np.exp(upper.budget(columns, ("n", "d"))) == pytest.approx([100, 10])


@pytest.mark.parametrize("x", [np.arange(1.0, 5), np.repeat([1.0, 2.0, 3.0], [6, 3, 3])])
def test_few_rows_or_few_different_ones_are_refused(x):
    form = upper.form("upper half", line, 2, ("x",), spare=1)
    with pytest.raises(ValueError, match="too few rows in the upper half"):
        form.predict({"x": x}, -np.log(x)[None], {"x": np.array([9.0])})
