"""Does approach 3 find the global optimum, with noise and without, of one fit and of every
resampled one?
"""

import numpy as np
import pytest

from analysis.fits.approaches import parametric
from analysis.fits.approaches.parametric import PARAMETERS
from tests.analysis.laws import TRUTH, grid, isoflop_runs, scattered, table


@pytest.mark.parametrize(
    "truth",
    [
        TRUTH,
        (1.8172, 482.01, 2085.43, 0.3478, 0.3658),
        (0.05, 3.0, 40.0, 0.15, 0.5),
        (0.9, 1e5, 30.0, 0.8, 0.2),
    ],
)
def test_a_noise_free_law_is_recovered(truth):
    truth = np.array(truth)
    for runs in (
        scattered(40, 0.0, truth=truth),
        grid(4, 4, 0.0, truth=truth),
        isoflop_runs(truth=truth),
    ):
        found = parametric.fit(runs)
        assert [found.alpha, found.beta] == pytest.approx(truth[3:], abs=1e-6)
        assert found.parameters == pytest.approx(truth, rel=1e-5)
        budget = 10 * (6 * runs["n"] * runs["d"]).max()
        assert found.optimal(budget) == pytest.approx(parametric.optimum(truth, budget), rel=1e-2)


def test_outliers_move_the_law_little():
    clean, dirty = (parametric.fit(scattered(120, 0.003, outliers=k)) for k in (0, 6))
    assert dirty.alpha == pytest.approx(clean.alpha, abs=0.01)
    assert dirty.beta == pytest.approx(clean.beta, abs=0.01)


def test_the_objective_is_a_sum():
    runs = scattered(30, 0.01)
    found = parametric.fit(runs)
    size = np.abs(found.residuals())
    assert found.objective == pytest.approx(
        np.where(size < 1e-3, size**2 / 2, 1e-3 * (size - 5e-4)).sum(), rel=1e-9
    )


def test_the_optimum_is_where_the_law_is_lowest():
    for power in (1.0, 1.07):
        n, d = parametric.optimum(TRUTH, 1e21, 6.0, power)
        assert 6 * n**power * d == pytest.approx(1e21)
        around = n * np.geomspace(0.5, 2, 2001)
        losses = parametric.law(TRUTH, around, 1e21 / 6 / around**power)
        assert around[np.argmin(losses)] == pytest.approx(n, rel=1e-3)


def test_exact_flops_take_the_place_of_6nd():
    """Training FLOPs of 3 N^0.95 a sample: the allocation follows the column, and 6ND is off."""
    runs = grid(4, 4, 0.0)
    exact = table(runs["n"], runs["d"], runs["loss"], flops=3 * runs["n"] ** 0.95 * runs["d"])
    found = parametric.fit(exact)
    assert (found.flops_factor, found.flops_power) == pytest.approx((3, 0.95))
    assert found.optimal(1e21) == pytest.approx(parametric.optimum(TRUTH, 1e21, 3, 0.95), rel=1e-6)
    assert found.exponent == pytest.approx(0.28 / (0.34 + 0.95 * 0.28))
    assert parametric.fit(runs).optimal(1e21)[0] / found.optimal(1e21)[0] < 0.6


def test_too_few_or_too_alike_runs_are_refused():
    with pytest.raises(
        ValueError, match=r"approach 3 \(five parameters\) needs 7 runs or more, found 6; add 1"
    ):
        parametric.fit(grid(3, 2, 0.0))
    with pytest.raises(ValueError, match="approach 3 needs 3 different values of d, found 2"):
        parametric.fit(grid(5, 2, 0.0))


def test_parameters_are_named():
    found = parametric.fit(grid(3, 3, 0.0))
    assert dict(zip(PARAMETERS, found.parameters))["alpha"] == found.alpha
