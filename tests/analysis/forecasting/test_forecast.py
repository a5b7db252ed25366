"""Are the ensemble's moments those of its parts, and does it find a law that it holds?"""

import itertools

import numpy as np
import pytest

from analysis.forecasting import forecast as module
from analysis.forecasting.forecast import MISFITS, NoiseDeviations, condition, forecast, laws

RNG = np.random.default_rng(0)
AXES = np.array(
    [(n, t, d) for n in (-3, -1.5, 0) for t in (-2.8, -1.4, 0) for d in (-3, -2.3, -1.6)], float
)
RUN = np.repeat(np.arange(9), 3)
HERE = np.zeros((1, 3))


def power(x):
    return 2.5 - x @ np.array([0.3, 0.5, 0.25]) - 0.05 * x[:, 0] * x[:, 1]


def test_conditioning_is_the_textbook_formula():
    root = RNG.standard_normal((6, 8))
    covariance, mean, y, noise = (
        root @ root.T,
        RNG.standard_normal(6),
        RNG.standard_normal(4),
        np.diag([0.1, 0.2, 0.3, 0.4]),
    )
    inverse = np.linalg.inv(covariance[:4, :4] + noise)
    m, c, log = condition(mean, covariance, y, noise)
    assert np.allclose(m, mean[4:] + covariance[4:, :4] @ inverse @ (y - mean[:4]))
    assert np.allclose(c, covariance[4:, 4:] - covariance[4:, :4] @ inverse @ covariance[:4, 4:])
    _, logdet = np.linalg.slogdet(covariance[:4, :4] + noise)
    assert log == pytest.approx(-0.5 * ((y - mean[:4]) @ inverse @ (y - mean[:4]) + logdet))


@pytest.mark.parametrize("name", list(laws(np.zeros(1))))
def test_a_law_knows_its_own_derivatives(name):
    law, centre, sd = laws(np.array([3.0, 4.0]))[name]
    p = centre + 0.3 * sd * RNG.standard_normal(len(centre))
    steps = 1e-6 * np.eye(len(p))
    numeric = np.column_stack([(law(p + h, AXES)[0] - law(p - h, AXES)[0]) / 2e-6 for h in steps])
    assert np.allclose(law(p, AXES)[1], numeric, atol=1e-6)


def test_a_noise_free_law_is_found_far_outside_the_data():
    cast = forecast(AXES, RUN, power(AXES), HERE, np.array([-1]), NoiseDeviations(1e-4, 1e-4))
    assert cast.mean[0] == pytest.approx(power(HERE)[0], abs=0.05)
    assert sum(cast.weights.values()) == pytest.approx(1)


def test_moments_are_those_of_the_mixture(monkeypatch):
    """Parts drawn one by one, put together by sampling."""
    y, at = power(AXES) + 0.1 * RNG.standard_normal(9)[RUN], np.array([[0.0, 0, 0], [0, 0, -1.0]])
    whole = forecast(AXES, RUN, y, at, np.array([-1, -2]))
    parts = []
    for name, misfit in whole.weights:
        monkeypatch.setattr(module, "MISFITS", (misfit,))
        monkeypatch.setattr(module, "laws", lambda y, name=name: {name: laws(y)[name]})
        parts.append((whole.weights[name, misfit], forecast(AXES, RUN, y, at, np.array([-1, -2]))))
    second = sum(w * (p.covariance + np.outer(p.mean, p.mean)) for w, p in parts)
    mean = sum(w * p.mean for w, p in parts)
    assert len(parts) == 3 * len(MISFITS)
    assert np.allclose(whole.mean, mean, atol=1e-4)
    assert np.allclose(whole.covariance, second - np.outer(mean, mean), atol=1e-4)


def test_checkpoints_of_one_training_share_its_luck():
    near, far = (
        forecast(
            AXES[:9],
            RUN[:9],
            power(AXES[:9]),
            AXES[9:12],
            np.array(runs),
            NoiseDeviations(0.3, 0.01),
        ).covariance
        for runs in ([7, 7, 7], [7, 8, 9])
    )
    assert near[0, 1] == pytest.approx(far[0, 1] + 0.09)


def test_more_checkpoints_never_widen_a_forecast_of_one_law(monkeypatch):
    monkeypatch.setattr(module, "MISFITS", (0.02,))
    monkeypatch.setattr(module, "laws", lambda y: {"power": laws(np.full(1, 3.0))["power"]})
    widths = [
        forecast(AXES[:n], RUN[:n], power(AXES[:n]), HERE, np.array([-1])).covariance[0, 0]
        for n in (3, 9, 18, 27)
    ]
    assert all(after < before for before, after in itertools.pairwise(widths))
