"""Is it told when a model comes to a FID, and that it does not, by the forecast of the records?"""

import json

import numpy as np
import polars as pl
import pytest

from analysis.forecasting.backtested import back_tested
from analysis.forecasting.predictions import until
from analysis.forecasting.predictions.until import AHEAD, reached, reached_text
from analysis.frames import evaluations_frame
from analysis.select.checkpoints import fit_checkpoints
from scaling.cli import main


def test_the_steps_are_where_the_forecast_has_that_fid(held_out):
    (found,) = reached(held_out, ["DiT-d3w64/2"], 20.0)
    tested = back_tested(fit_checkpoints(evaluations_frame(held_out)))
    network = next(t.spec.model for t in held_out.plan().trials if t.model == "DiT-d3w64/2")
    fid, low, high, _ = tested.interval(network, found.images)
    assert fid == pytest.approx(20.0, rel=0.02) and low < 20 < high
    assert found.earliest is not None and found.earliest < found.steps
    assert found.latest is None or found.steps < found.latest


def test_a_lower_fid_takes_more_steps(held_out):
    steps = [reached(held_out, ["DiT-d3w64/4"], k)[0].steps for k in (40.0, 30.0, 25.0)]
    assert steps == sorted(steps) and len(set(steps)) == 3


def test_a_fid_that_no_curve_reaches_is_null_with_the_nearest(held_out, capsys):
    words = ["predict", str(held_out.folder), "--target", "DiT-d3w64/2", "--until", "1e-6"]
    with pytest.raises(SystemExit) as left:
        main([*words, "--json"])
    (told,) = json.loads(capsys.readouterr().out)
    assert left.value.code == 0 and told["steps"] is None and told["train_flops"] is None
    assert told["looked_to"] == AHEAD * 500 and told["nearest"]["fid"] > 1e-6
    assert told["nearest"]["low"] < told["nearest"]["fid"] < told["nearest"]["high"]
    assert "does not come to FID 1.00e−6 within 5,000 steps" in reached_text(
        reached(held_out, ["DiT-d3w64/2"], 1e-6)
    )
    assert not list(held_out.folder.glob("predictions-*.json"))


def test_what_is_reached_at_once_is_at_the_first_step_looked_at(held_out):
    (found,) = reached(held_out, ["DiT-d2w16/8"], 1e9)
    assert found.steps == 100 and np.isclose(found.images, 6400)
    assert found.at_most and "at most 100 steps" in reached_text([found])


def test_one_length_tells_nothing_of_others(held_out, monkeypatch):
    ends = fit_checkpoints(evaluations_frame(held_out)).filter(pl.col("step") == 500)
    monkeypatch.setattr(until, "fit_checkpoints", lambda rows: ends)
    with pytest.raises(ValueError, match="or predict DiT-d3w64/2@500 without --until"):
        reached(held_out, ["DiT-d3w64/2"], 5.0)


def test_steps_beside_until_are_refused(held_out):
    with pytest.raises(ValueError, match="asks for the steps of DiT-d3w64/2; leave out @500"):
        reached(held_out, ["DiT-d3w64/2@500"], 5.0)
