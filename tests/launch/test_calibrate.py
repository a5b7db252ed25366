"""Is a speed found by short trainings of the right networks, and nothing left behind?"""

import os

import pytest

from scaling.launch import calibrate
from scaling.launch.calibrate import calibrated, smallest_and_middle
from scaling.study import Plan, Study
from scaling.study.settings import with_settings


def plan_of(*trials) -> Plan:
    return Plan.of(Study(name="test", question="?", expectation="!", trials=trials))


def test_the_smallest_and_the_middle_network_are_timed(tiny):
    trials = [with_settings(tiny, {"model.width": width}) for width in (64, 16, 32)]
    assert [t.spec.model.width for t in smallest_and_middle(plan_of(*trials))] == [16, 32]
    assert [t.spec.model.width for t in smallest_and_middle(plan_of(tiny))] == [16]


def test_a_speed_comes_of_short_trainings_that_leave_nothing(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(calibrate.tempfile, "tempdir", str(tmp_path))
    wide = with_settings(tiny, {"model.width": 32, "train.schedule": "wsd"})
    speed = calibrated(plan_of(tiny, wide), seconds=0.05)
    assert 0 < speed.training_s(1000, 1e9) < 1e4 and 0 < speed.measuring_s(1, 1e9) < 1e4
    assert os.listdir(tmp_path) == []


def test_what_was_timed_is_foretold(tiny, monkeypatch):
    """With a clock of our own: 0.02 s a step and 1e9 FLOPs per second, 2 s an evaluation."""

    def timed(trial, steps, samples):
        flops = trial.train_flops * steps / trial.spec.train.steps
        sampling = sum(calibrate.measuring_flops(trial)) * samples / 80
        return (steps, flops, 0.02 * steps + flops / 1e9), (sampling, 2 + sampling / 1e10)

    monkeypatch.setattr(calibrate, "_timed", timed)
    wide = with_settings(tiny, {"model.width": 64})
    speed = calibrated(plan_of(tiny, wide))
    assert speed.training_s(100, 1e9) == pytest.approx(3.0, rel=1e-3)
    assert speed.measuring_s(2, 1e10) == pytest.approx(5.0, rel=1e-3)
