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
    # rungs of 4 and 2 squared deviations on average: the root of 3
    wrong = BackTested(rows, noise, (rung([0.4], [0.2]), rung([0.2, 0.0], [0.1, 0.1])))
    assert wrong.widening == pytest.approx(np.sqrt(3))
    assert wrong.width(0.09) == pytest.approx(2 * Z * np.sqrt(3) * 0.5)  # .3 and .4 of samples


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
