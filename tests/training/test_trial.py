"""Is nothing done twice, and is a trial that diverges recorded as such?"""

import math

import pytest
import torch

from scaling.launch.trials.trial import run_trials
from scaling.records import Run, StudyFolder, trial_rows
from scaling.study import Plan, Study
from scaling.study.settings import with_settings
from scaling.training import Trainer, loop


def quiet(progress):
    """Progress is not looked at here."""


@pytest.fixture
def steps_taken(monkeypatch):
    taken = []
    step = Trainer._take_step
    monkeypatch.setattr(
        Trainer, "_take_step", lambda self: (taken.append(self.step), step(self))[1]
    )
    return taken


def test_a_finished_trial_trains_nothing(tmp_path, tiny, steps_taken):
    run = Run(tmp_path)
    run_trials([tiny], run, quiet)
    assert len(steps_taken) == 12
    run_trials([tiny], run, quiet)
    assert len(steps_taken) == 12


def test_one_more_metric_trains_nothing(tmp_path, tiny, steps_taken):
    run = Run(tmp_path)
    run_trials([tiny], run, quiet)
    more = with_settings(tiny, {"evaluate.protocol.samples": 90})
    run_trials([more], run, quiet)
    assert len(steps_taken) == 12
    assert {f["samples"] for f in run.evaluation(more.eval_id(12))["figures"]} == {90}


def test_a_longer_training_goes_on_from_the_shorter(tmp_path, tiny, steps_taken):
    run = Run(tmp_path)
    run_trials([tiny], run, quiet)
    longer = with_settings(
        tiny, {"train.steps": 18, "evaluate.every": 6, "evaluate.checkpoints": 1}
    )
    assert longer.train_id == tiny.train_id
    run_trials([longer], run, quiet)
    assert steps_taken == list(range(18))


def test_two_trials_that_share_a_training_train_once(tmp_path, tiny, steps_taken):
    run = Run(tmp_path)
    run_trials([tiny, with_settings(tiny, {"train.steps": 9}), tiny], run, quiet)
    assert steps_taken == list(range(12))


def test_another_average_is_trained_for_and_gives_the_same_weights(tmp_path, tiny, steps_taken):
    run = Run(tmp_path)
    run_trials([tiny], run, quiet)
    losses = [line["loss"] for line in run.curve()]
    other = with_settings(tiny, {"evaluate.ema.length": 0.1})
    run_trials([other], run, quiet)
    assert len(steps_taken) == 24 and [line["loss"] for line in run.curve()] == losses


def test_a_loss_that_is_not_finite_is_recorded_with_its_step(tmp_path, tiny, monkeypatch):
    step = Trainer._take_step
    monkeypatch.setattr(
        Trainer, "_take_step", lambda self: step(self) * (math.nan if self.step == 8 else 1.0)
    )
    study = Plan.of(Study(name="bad", question="?", expectation="!", trials=(tiny,)))
    folder = StudyFolder(tmp_path / "bad")
    folder.write_plan(study)
    run = folder.run(tiny.train_id)
    assert run_trials([tiny], run, quiet) == "diverged"
    (row,) = trial_rows(folder)
    assert row["state"] == "diverged" and row["why"] == "loss nan at step 8" and row["fid"] is None
    state, (session,) = run.state(), run.record()["sessions"]
    assert state["step"] == 8 and state["last_good_checkpoint"] == 6 and state["grad_norm"] > 0
    assert session["diverged"] == {
        k: state[k] for k in ("step", "grad_norm", "last_good_checkpoint")
    }


def test_a_huge_learning_rate_diverges_for_real(tmp_path, tiny):
    wild = with_settings(tiny, {"train.lr": 1e30})
    run = Run(tmp_path)
    assert run_trials([wild], run, quiet) == "diverged"
    assert run.state()["step"] <= 12 and run.record()["sessions"]


def test_a_failing_trial_is_recorded_and_raised(tmp_path, tiny, monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("disk is full")

    monkeypatch.setattr(loop.checkpoint, "save", broken)
    run = Run(tmp_path)
    with pytest.raises(OSError):
        run_trials([tiny], run, quiet)
    assert run.state()["state"] == "failed" and "disk is full" in run.state()["why"]


def test_the_curve_does_not_depend_on_when_it_is_evaluated(tmp_path, tiny):
    a, b = (with_settings(tiny, {"evaluate.checkpoints": n}) for n in (1, 6))
    for spec, name in ((a, "a"), (b, "b")):
        run_trials([spec], Run(tmp_path / name), quiet)
    lines = [{line["step"]: line["loss"] for line in Run(tmp_path / n).curve()} for n in "ab"]
    assert lines[0].items() <= lines[1].items()


def test_the_record_says_who_measured(tmp_path, tiny):
    run = Run(tmp_path)
    run_trials([tiny], run, quiet)
    (session,) = run.record()["sessions"]
    assert session["provenance"]["versions"]["torch"] == torch.__version__.split("+")[0]
    assert session["from_step"] == 0 and session["to_step"] == 12
    assert run.record()["count"]["forward_gmacs"] > 0
