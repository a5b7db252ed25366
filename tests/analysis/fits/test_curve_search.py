"""Does the optimiser see the derivatives that a law of one variable has?"""

import numpy as np
import pytest

from analysis.fits import curve_search, curves

TRUTH = {
    "power": [(3.0, 0.4), (50.0, -0.2)],
    "saturating": [(1.7, 400.0, 0.3), (0.01, 9.0, 0.05), (8.0, 1e4, 0.8)],
    "broken": [(0.5, 30.0, 0.1, 0.4, 3e20, 0.5), (1e-3, 5e6, 0.4, -0.25, 1e20, 0.2)],
}
X = np.geomspace(1e18, 1e22, 24)


@pytest.mark.parametrize("kind", TRUTH)
def test_the_jacobian_is_the_derivative(kind):
    rng = np.random.default_rng(0)
    problem = curve_search.Problem(kind, X, curves.law(kind, np.array(TRUTH[kind][0]), X), 1e-3)
    theta = problem.inner(np.array(TRUTH[kind][0])) + 0.05 * rng.random(len(problem.low))
    model, one = problem._model(problem.log_y[None]), np.zeros(1, int)
    for k in range(len(theta)):
        up, down = (
            model((theta + h * np.eye(len(theta))[k])[None], one)[0][0] for h in (1e-6, -1e-6)
        )
        assert model(theta[None], one)[1][0, k] == pytest.approx((up - down) / 2e-6, abs=1e-6)
    assert problem.inner(problem.natural(theta[None])[0]) == pytest.approx(theta)
