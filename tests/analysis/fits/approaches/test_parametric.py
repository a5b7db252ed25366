"""Does approach 3 find the global optimum, with noise and without, of one fit and of every
resampled one?
"""

import numpy as np
import pytest
from scipy import optimize

from analysis.fits import huber
from analysis.fits.approaches import parametric
from analysis.fits.approaches.parametric import PARAMETERS, Problem
from tests.analysis.laws import TRUTH, grid, isoflop_runs, scattered, table

ONE = np.zeros(1, int)


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


def random_starts(data: Problem, count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = data.log_loss.mean()
    return np.column_stack(
        [*(level + rng.uniform(-4, 0.5, (3, count))), *rng.uniform(0.02, 2.5, (2, count))]
    )


@pytest.mark.parametrize(
    "runs",
    [scattered(60, 0.01, outliers=3), grid(4, 3, 0.02, seed=1), isoflop_runs(0.01, models=5)],
    ids=["scattered", "grid of 12", "isoflop"],
)
def test_no_resampled_fit_is_worse_than_the_best_of_500_starts(runs):
    """The same optimum as brute force to 1e-6: the fit itself and bootstraps of it, each against
    500 random starts.
    """
    found = parametric.fit(runs)
    data = Problem(runs["n"], runs["d"], runs["loss"], found.delta)
    n = len(runs)
    weight = np.vstack([np.ones(n), np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), 3)])
    ours = parametric.resampled(runs, found, weight)
    value = huber.objective(data.residuals(data.inner(ours)), weight, found.delta)
    assert value[0] == pytest.approx(found.objective, rel=1e-6)
    for k, one in enumerate(weight):
        starts = random_starts(data, 500, seed=k)
        _, brute = huber.minimise(
            data.model_of(np.zeros(500, int)),
            starts,
            np.tile(one, (500, 1)),
            found.delta,
            data.low,
            data.high,
        )
        assert value[k] <= brute.min() * (1 + 1e-6) + 1e-15


def test_another_optimiser_finds_nothing_better():
    """scipy's L-BFGS-B, sharing none of the search, from 40 random starts and from the optimum
    itself.
    """
    runs = scattered(60, 0.01, outliers=3)
    found = parametric.fit(runs)
    data = Problem(runs["n"], runs["d"], runs["loss"], found.delta)

    def value(theta):
        residual, jacobian = data.model_of(ONE)(theta[None], ONE)
        slope = np.clip(residual[0], -found.delta, found.delta)
        return 1e6 * huber.huber(residual[0], found.delta).sum(), 1e6 * jacobian[0] @ slope

    starts = np.vstack([data.inner(found.parameters[None]), random_starts(data, 40, seed=9)])
    best = min(
        optimize.minimize(
            value,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(data.low, data.high)),
            options={"maxiter": 3000, "maxfun": 5000, "ftol": 1e-15},
        ).fun
        for start in starts
    )
    assert found.objective <= best / 1e6 * (1 + 1e-6)


def test_outliers_move_the_law_little():
    clean, dirty = (parametric.fit(scattered(120, 0.003, outliers=k)) for k in (0, 6))
    assert dirty.alpha == pytest.approx(clean.alpha, abs=0.01)
    assert dirty.beta == pytest.approx(clean.beta, abs=0.01)


def test_the_jacobian_is_the_derivative():
    runs = grid(3, 3, 0.05)
    data = Problem(runs["n"], runs["d"], runs["loss"], 1e-3)
    model, theta = data.model_of(ONE), np.array([0.3, -0.4, 0.2, 0.3, 0.5])
    for k in range(5):
        up, down = (model((theta + h * np.eye(5)[k])[None], ONE)[0][0] for h in (1e-6, -1e-6))
        assert model(theta[None], ONE)[1][0, k] == pytest.approx((up - down) / 2e-6, abs=1e-7)


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
