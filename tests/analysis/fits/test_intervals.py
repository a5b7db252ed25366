"""Do intervals reach as far as the spread of repeats, each side by itself, and as far as other laws
say?
"""

import numpy as np
import pytest

from analysis.fits.intervals import Reading, Shared, Uncertain

MANY = 10**6  # degrees of freedom, of which Student's factor is the normal one
Z = 1.959964


def sure(draws, names=("a",), **fields) -> Uncertain:
    draws = np.array(draws, float).reshape(-1, len(names))
    estimate = fields.pop("estimate", np.zeros(len(names)))
    return Uncertain(
        names, np.array(estimate, float), draws, 0.1, fields.pop("dof", MANY), **fields
    )


def test_each_side_reaches_as_far_as_the_draws_beyond_their_median():
    """Of -1, 0, 0, 0, 2 about 0: sqrt(2 x 1/5) below and sqrt(2 x 4/5) above."""
    low, high = sure([-1, 0, 0, 0, 2]).of(lambda p: p[..., 0])
    assert low == pytest.approx(-Z * np.sqrt(0.4), rel=1e-4)
    assert high == pytest.approx(Z * np.sqrt(1.6), rel=1e-4)
    low, high = sure([-1, 0, 0, 0, 2], overstated=2.0).of(lambda p: p[..., 0])
    assert (low, high) == pytest.approx((-Z * np.sqrt(0.1), Z * np.sqrt(0.4)), rel=1e-4)


def test_a_prediction_of_one_more_measurement_adds_its_scatter():
    """On the logarithm: the law to +-1 standard deviation of .3, one measurement of .1 more."""
    found = sure([-0.3, 0.3]).predict(lambda p: np.exp(p))
    assert np.log(found.high[0]) == pytest.approx(Z * 0.3, rel=1e-4)
    assert np.log(found.predicted_high[0]) == pytest.approx(Z * np.sqrt(0.1), rel=1e-4)
    assert np.log(found.predicted_low[0]) == pytest.approx(-Z * np.sqrt(0.1), rel=1e-4)


def test_a_floor_of_nothing_is_from_zero_and_one_that_is_there_is_positive():
    draws = np.linspace(0.0, 2.0, 41)
    low, high = sure(draws, ("E",), estimate=[1e-9]).ci95()["E"]
    assert low == 0.0 and high > 0.5
    there = sure(2 * np.exp([-0.5, 0.5]), ("E",), estimate=[2.0]).ci95()["E"]
    assert there == pytest.approx((2 * np.exp(-Z / 2), 2 * np.exp(Z / 2)), rel=1e-4)


def test_other_laws_widen_predictions_and_a_law_that_does_not_stand_lends_its_value():
    other = Reading("more", np.array([1.0]), np.array([[0.9], [1.1]]), np.ones((3, 1)), True)
    law = lambda p: np.exp(p)  # noqa: E731
    both = sure([-0.3, 0.3], others=(other,)).predict(law)
    assert np.log([both.low[0], both.high[0]]) == pytest.approx([-Z * 0.3, 1.0], rel=1e-4)
    alone = sure([-0.3, 0.3], others=(other,), stands=False).predict(law)
    assert np.log([alone.low[0], alone.high[0]]) == pytest.approx([0.0, 1.0], abs=1e-6)
    figure = lambda p: p[..., 0]  # noqa: E731
    own, across = (sure([-0.3, 0.3], others=(other,)).of(figure, across=a) for a in (False, True))
    assert own[1] == pytest.approx(0.3 * Z, rel=1e-4)
    assert across[1] == pytest.approx(1 + 0.1 * Z, rel=1e-4)
    part = Reading("half", other.estimate, other.draws, other.ahead, False)
    assert sure([-0.3, 0.3], others=(part,)).of(figure, across=True) == own


def test_degrees_of_freedom_are_satterthwaites_of_the_two_parts():
    """Variances 1 and 3, known to 2/4 and 2/12 of their squares: (1 + 3)^2 / (1/4 + 9/12) = 16,
    where t is 2.1199.
    """
    known = np.diag([2 / 4, 2 / 12])
    shared = Shared(np.array([[1.0]]), np.array([[3.0]]), known)
    low, high = sure([-1, 1], shared=shared, dof=100).of(lambda p: p[..., 0])
    assert (low, high) == pytest.approx((-2.1199, 2.1199), rel=1e-3)
