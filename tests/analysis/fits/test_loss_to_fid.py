"""Does the interval of a loss reach the FID that it predicts?"""

import numpy as np
import pytest

from analysis.fits import loss_to_fid
from analysis.fits.points import Runs

C0, C1 = 8.0, 6.0


def models(count: int, noise: float, seed: int = 0) -> Runs:
    rng = np.random.default_rng(seed)
    loss = np.geomspace(0.3, 0.6, count)
    fid = np.exp(C0 + C1 * np.log(loss) + noise * rng.standard_normal(count))
    return Runs.checked(
        [f"m{i}" for i in range(count)], {"loss": loss, "fid": fid}, np.arange(count)
    )


def test_a_noise_free_map_is_recovered():
    found = loss_to_fid.fit(models(5, 0.0))
    assert found.slope == pytest.approx(C1, abs=1e-6)
    assert found.fid(0.25).value == pytest.approx(np.exp(C0 + C1 * np.log(0.25)))


def test_the_loss_errors_widen_the_interval():
    found = loss_to_fid.fit(models(9, 0.05))
    sure, unsure = found.fid(0.28), found.fid(0.28, log_error=0.02, dof=20)
    assert unsure.low < sure.low < sure.value < sure.high < unsure.high
    assert unsure.predicted_high > unsure.high


def test_intervals_hold_the_truth():
    """The loss known with 1 % error, the map from 9 models with 5 %: 95 % intervals hold in 93 to
    99 % of 600.
    """
    rng, held, measured = np.random.default_rng(1), [], []
    for seed in range(600):
        truth = C0 + C1 * np.log(0.28)
        put_in = 0.28 * np.exp(0.01 * rng.standard_normal())
        there = loss_to_fid.fit(models(9, 0.05, seed)).fid(put_in, log_error=0.01, dof=30)
        held.append(there.low[0] <= np.exp(truth) <= there.high[0])
        new = np.exp(truth + 0.05 * rng.standard_normal())
        measured.append(there.predicted_low[0] <= new <= there.predicted_high[0])
    assert 0.93 <= np.mean(held) <= 0.99
    assert 0.93 <= np.mean(measured) <= 0.99


def test_a_loss_beyond_the_map_is_told():
    found = loss_to_fid.fit(models(5, 0.01))
    assert found.outside(0.4) == ""
    assert (
        found.outside(0.2) == "loss 0.2 lies outside the losses the map was fitted to, 0.3 to 0.6"
    )


def test_too_few_models_are_refused():
    with pytest.raises(
        ValueError, match="a map from loss to FID needs 4 models or more, found 3; add 1"
    ):
        loss_to_fid.fit(models(3, 0.0))
