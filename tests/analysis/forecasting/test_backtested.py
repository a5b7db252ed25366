"""Is a forecast's record on rungs that it did not see told as it was, and its interval as wide?"""

import numpy as np
import polars as pl
import pytest

from analysis.fits.linear import Z
from analysis.forecasting.backtested import (
    BackTested,
    HeldOutRung,
    axes_of,
    back_tested,
    weights_of,
)
from analysis.forecasting.forecast import Forecast, NoiseDeviations
from scaling.study.families import named_network


def rung(errors, deviations) -> HeldOutRung:
    models = tuple(f"m{i}" for i in range(len(errors)))
    return HeldOutRung("r", models, np.array(errors), np.array(deviations), "power")


def test_a_rung_tells_its_error_and_how_many_lay_inside():
    found = rung([0.3, -0.4], [0.2, 0.2])
    assert found.rms == pytest.approx(np.sqrt(0.125))
    assert found.inside == 1  # of 1.96 x .2 = .392


def test_intervals_are_widened_by_what_was_wrong_and_never_narrowed():
    noise = NoiseDeviations(0.1, 0.4)
    rows = pl.DataFrame()
    right = BackTested(rows, noise, (rung([0.1, 0.1], [0.2, 0.2]),))
    assert right.widening == 1.0 and BackTested(rows, noise, ()).widening == 1.0
    # rungs of 4 and 2 squared deviations on average: the root of 3, or of the largest rung's 4
    four, two = rung([0.4], [0.2]), rung([0.2, 0.0], [0.1, 0.1])
    wrong = BackTested(rows, noise, (four, two))
    assert wrong.widening == pytest.approx(np.sqrt(3))
    assert wrong.width(0.09) == pytest.approx(2 * Z * np.sqrt(3) * 0.5)  # .3 and .4 of samples
    assert BackTested(rows, noise, (two, four)).widening == pytest.approx(2)


def test_a_luck_of_few_trainings_widens_by_students_t():
    few, known = (
        BackTested(pl.DataFrame(), NoiseDeviations(0.1, 0.4, dof), ()).width(0.09)
        for dof in (4, np.inf)
    )
    assert known == pytest.approx(2 * Z * 0.5) and few == pytest.approx(2 * 2.776 * 0.5, rel=1e-3)


def _bent(size: float, images: float, power: float, change: float) -> float:
    """log FID whose power of size changes smoothly by ``change`` about 120 million parameters."""
    bend = change / 2 * np.log1p((size / 120) ** 2)
    return np.log(120) - power * np.log(size / 10) - 0.4 * np.log(images / 1e7) + bend


def _study(rng, power: float, change: float) -> pl.DataFrame:
    """Four sizes, two trainings of each, a luck of 3 % and samples of 1 %."""
    return pl.DataFrame(
        [
            {
                "trial_id": f"{i}-{seed}",
                "train_id": f"{i}-{seed}",
                "model": f"m{i}",
                "rung": f"r{i}",
                "params_m": size,
                "tokens": 256,
                "step": int(images),
                "images": int(images),
                "value": float(np.exp(_bent(size, images, power, change) + luck + sampled)),
            }
            for i, size in enumerate(10 * 2.5 ** np.arange(4))
            for seed in range(2)
            for luck in [0.03 * rng.standard_normal()]
            for images in (1e7, 2e7, 4e7, 8e7)
            for sampled in [0.01 * rng.standard_normal()]
        ]
    )


def test_a_bend_between_sizes_does_not_make_a_forecast_sure():
    """Of a size's power that grows, over 12 studies: 9 intervals of the next size hold the truth.
    Widened by the mean over rungs, with a luck taken as known, 5 do.
    """
    power, change, size, held = 0.15, -0.4, 10 * 2.5**4, 0
    for seed in range(12):
        tested = back_tested(_study(np.random.default_rng(seed), power, change))
        found = tested.at(np.zeros((1, 3)), ["next"], np.log([size, 256.0, 8e7]))
        missed = abs(found.mean[0] - _bent(size, 8e7, power, change))
        held += missed < tested.width(found.covariance[0, 0]) / 2
    assert held >= 8


def test_weights_are_of_laws_over_their_misfits():
    weights = {("power", 0.1): 0.2, ("power", 0.2): 0.3, ("floor", 0.1): 0.5}
    found = weights_of(Forecast(np.zeros(1), np.eye(1), weights, np.eye(1)))
    assert found == pytest.approx({"power": 0.5, "floor": 0.5})


def test_a_network_without_tokens_has_one():
    dit, unet = named_network("DiT-S/2"), named_network("ldm-8")
    assert axes_of(dit, 1000)[1:] == pytest.approx(np.log([256, 1000]))  # (32 / 2)^2
    assert axes_of(unet, 1000)[1:] == pytest.approx([0, np.log(1000)])


def test_what_cannot_be_forecast_from_is_refused_with_its_numbers():
    rows = pl.DataFrame({"trial_id": ["a", "b"], "step": [100, 200], "value": [3.0, 2.0]})
    with pytest.raises(ValueError, match="needs 3 measured checkpoints or more, found 2"):
        back_tested(rows)
    with pytest.raises(ValueError, match="b has FID -2 at step 200, which has no logarithm; meas"):
        back_tested(rows.with_columns(value=pl.Series([3.0, -2.0])))
