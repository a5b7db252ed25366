"""Is a repeated image told from a new one, and is the law refused where nothing was repeated?"""

import numpy as np
import pytest

from analysis.fits.approaches import repeats
from tests.analysis.laws import TRUTH, table

LAW = np.append(TRUTH, 15.0)  # the constant Muennighoff et al. report for language is 15.4 passes


def study(noise: float = 0.0, seed: int = 0):
    """4 sizes x 4 numbers of different images x 5 lengths of training, 1 to 300 passes."""
    n, unique, passes = (
        v.ravel()
        for v in np.meshgrid(
            np.geomspace(3e7, 3e9, 4),
            np.geomspace(1e9, 3e10, 4),
            [1, 4, 16, 64, 300.0],
            indexing="ij",
        )
    )
    rng = np.random.default_rng(seed)
    loss = repeats.law(LAW, n, passes * unique, unique) * np.exp(
        noise * rng.standard_normal(len(n))
    )
    return table(n, passes * unique, loss, unique=unique)


def test_a_noise_free_law_is_recovered():
    found = repeats.fit(study())
    assert [found.parameters["alpha"], found.parameters["beta"]] == pytest.approx(
        [0.34, 0.28], abs=1e-6
    )
    assert found.parameters["half_life"] == pytest.approx(15, rel=1e-5)
    assert found.plain_objective > 1e-3


def test_effective_data():
    assert repeats.effective(1e6, 1e6, 15) == 1e6
    assert repeats.effective(1e6, 2e6, 15) == 1e6  # fewer seen than there are: all new
    assert repeats.effective(2e6, 1e6, 1e9) == pytest.approx(2e6)
    # the most that repeats are ever worth
    assert repeats.effective(1e12, 1e6, 15) == pytest.approx(16e6)
    assert 1.9e6 < repeats.effective(2e6, 1e6, 15) < 2e6


def test_the_interval_holds_the_constant():
    found = repeats.fit(study(0.005, seed=3))
    low, high = found.uncertain(60).ci95()["half_life"]
    assert low < 15 < high
    assert high / low < 3


def test_the_jacobian_is_the_derivative():
    problem, one = repeats.Problem(study(), 1e-3), np.zeros(1, int)
    model, theta = problem.model(np.zeros((1, 80))), problem.inner(LAW) + 0.05
    for k in range(6):
        up, down = (model((theta + h * np.eye(6)[k])[None], one)[0][0] for h in (1e-6, -1e-6))
        assert model(theta[None], one)[1][0, k] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def test_without_repeats_the_constant_is_not_told():
    runs = study()
    once = runs.take(runs["d"] < 2 * runs["unique"])
    with pytest.raises(
        ValueError, match="needs 3 runs of two passes or more, found 0; use approach3"
    ):
        repeats.fit(once)
    with pytest.raises(ValueError, match=r"\(six parameters\) needs 8 runs or more, found 5"):
        repeats.fit(runs.take(np.arange(5)))
