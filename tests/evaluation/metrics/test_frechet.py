"""Are Fréchet distances and their sampling errors right? Against torch-fidelity, and on Gaussians
of known distance.
"""

import math

import numpy as np
import pytest
import torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from scaling.evaluation.metrics.frechet import (
    Gaussian,
    Moments,
    frechet_at_infinity,
    frechet_distance,
    frechet_error,
)

DIMENSION, SAMPLES = 16, 600


def moments(rows: torch.Tensor, batch: int = 100) -> Moments:
    found = Moments(rows.shape[1])
    for part in rows.split(batch):
        found.add(part)
    return found


def test_moments_in_batches_are_those_at_once():
    rows = torch.randn(300, 5, generator=torch.Generator().manual_seed(0)).double() + 1e3
    for batch in (1, 7, 300):
        found = moments(rows, batch).gaussian
        assert found.mean.numpy() == pytest.approx(rows.numpy().mean(0), rel=1e-12)
        assert found.cov.numpy() == pytest.approx(np.cov(rows.numpy(), rowvar=False), rel=1e-9)
    joined = (moments(rows[:120]) + moments(rows[120:])).gaussian
    assert joined.count == 300 and joined.cov.numpy() == pytest.approx(
        np.cov(rows.numpy(), rowvar=False), rel=1e-9
    )


def test_the_distance_is_torch_fidelitys():
    g = torch.Generator().manual_seed(1)
    a, b = (
        torch.randn(500, 96, generator=g).double(),
        1.2 * torch.randn(400, 96, generator=g).double() + 0.1,
    )
    theirs = fid_statistics_to_metric(
        fid_features_to_statistics(a), fid_features_to_statistics(b), False
    )
    ours = frechet_distance(moments(a).gaussian, moments(b).gaussian)
    assert ours == pytest.approx(theirs["frechet_inception_distance"], rel=1e-6)


def draws(shift: float, stretch: float, count: int = 60) -> tuple[float, list, list, list]:
    """The true distance of two Gaussians; and of many sample sets the estimate, its error, the
    extrapolation.
    """
    scale = torch.arange(1, DIMENSION + 1, dtype=torch.float64).rsqrt()
    mean = torch.full((DIMENSION,), shift, dtype=torch.float64)
    stretched = scale * (1 + stretch * torch.linspace(-1, 1, DIMENSION, dtype=torch.float64))
    reference = Gaussian(torch.zeros(DIMENSION, dtype=torch.float64), scale.square().diag())
    g, estimates, errors, infinite = torch.Generator().manual_seed(2), [], [], []
    for _ in range(count):
        rows = mean + torch.randn(SAMPLES, DIMENSION, generator=g, dtype=torch.float64) * stretched
        halves = moments(rows[::2]), moments(rows[1::2])
        whole = (halves[0] + halves[1]).gaussian
        estimates.append(frechet_distance(whole, reference))
        errors.append(frechet_error(rows[:400], whole, reference))
        infinite.append(
            frechet_at_infinity(tuple(half.gaussian for half in halves), whole, reference)
        )
    return (
        frechet_distance(Gaussian(mean, stretched.square().diag()), reference),
        estimates,
        errors,
        infinite,
    )


@pytest.mark.parametrize("shift, stretch", [(0.1, 0.1), (0.3, 0.2)])
def test_the_error_is_the_spread_over_independent_draws(shift, stretch):
    true, estimates, errors, infinite = draws(shift, stretch)
    assert np.mean(errors) == pytest.approx(np.std(estimates, ddof=1), rel=0.3)
    # the bias of FID
    assert np.mean(estimates) > true + 2 * np.std(estimates) / len(estimates) ** 0.5
    assert np.mean(infinite) == pytest.approx(true, abs=3 * np.std(infinite) / len(infinite) ** 0.5)
    held = np.mean([abs(value - true) < 2 * error for value, error in zip(infinite, errors)])
    assert held >= 0.85


def test_a_bootstrap_would_be_biased_twice():
    """Why there is none: replicates of the samples have the bias of the samples, and their own once
    more.
    """
    true, estimates, _, _ = draws(0.1, 0.1, count=20)
    g = torch.Generator().manual_seed(3)
    scale = torch.arange(1, DIMENSION + 1, dtype=torch.float64).rsqrt()
    reference = Gaussian(torch.zeros(DIMENSION, dtype=torch.float64), scale.square().diag())
    rows = 0.1 + torch.randn(SAMPLES, DIMENSION, generator=g, dtype=torch.float64) * scale
    estimate = frechet_distance(moments(rows).gaussian, reference)
    replicates = [
        frechet_distance(
            moments(rows[torch.randint(SAMPLES, (SAMPLES,), generator=g)]).gaussian, reference
        )
        for _ in range(40)
    ]
    assert np.mean(replicates) - estimate > 0.5 * (np.mean(estimates) - true)


def test_a_singular_covariance_has_no_error():
    rows = torch.randn(10, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    found = moments(rows).gaussian
    assert frechet_error(rows, found, found) is None
    assert 0 <= frechet_distance(found, found) < 1e-6


def test_what_is_not_a_number_is_no_distance_of_zero():
    known = Gaussian(torch.zeros(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64), 10)
    lost = Gaussian(
        torch.full((2,), torch.nan, dtype=torch.float64), torch.eye(2, dtype=torch.float64), 10
    )
    assert math.isnan(frechet_distance(lost, known))
    assert frechet_distance(known, known) == 0
