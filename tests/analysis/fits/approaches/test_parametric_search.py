"""Is the optimum of approach 3 the global one, whatever else searches for it?"""

import numpy as np
import pytest
from scipy import optimize

from analysis.fits import huber
from analysis.fits.approaches import parametric
from analysis.fits.approaches.parametric_search import Problem
from tests.analysis.laws import grid, isoflop_runs, scattered

ONE = np.zeros(1, int)


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


def test_the_jacobian_is_the_derivative():
    runs = grid(3, 3, 0.05)
    data = Problem(runs["n"], runs["d"], runs["loss"], 1e-3)
    model, theta = data.model_of(ONE), np.array([0.3, -0.4, 0.2, 0.3, 0.5])
    for k in range(5):
        up, down = (model((theta + h * np.eye(5)[k])[None], ONE)[0][0] for h in (1e-6, -1e-6))
        assert model(theta[None], ONE)[1][0, k] == pytest.approx((up - down) / 2e-6, abs=1e-7)
