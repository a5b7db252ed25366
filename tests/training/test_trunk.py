"""Do cooldowns branch from one trunk, each step trained once, and is the price that of the steps
taken?
"""

import contextlib
import math
import threading
import time

import pytest

from scaling.launch import results_folder
from scaling.launch.trials import trial
from scaling.launch.trials.trial import run_trials
from scaling.records import Run, StudyFolder, disk
from scaling.study import Plan, Study, cost
from scaling.study.settings import with_settings
from scaling.training import Trainer


@pytest.fixture
def taken(monkeypatch):
    steps, step = [], Trainer._take_step
    monkeypatch.setattr(
        Trainer,
        "_take_step",
        lambda self: (steps.append((self.spec.train_id, self.step)), step(self))[1],
    )
    return steps


def trials(tiny):
    base = with_settings(tiny, {"evaluate.checkpoints": 1})
    wsd = with_settings(base, {"train.schedule": "wsd", "train.cooldown": 0.25})
    return [base, *(with_settings(wsd, {"train.steps": n}) for n in (8, 12, 20))]


def run_all(specs, root):
    """The dearest first, as a sweep starts them."""
    for spec in sorted(specs, key=lambda spec: -spec.train.steps):
        assert (
            run_trials([spec], Run(root / spec.train_id), lambda progress: None, branches=specs)
            == "completed"
        )


def test_a_trunk_serves_every_horizon_and_no_step_is_trained_twice(tmp_path, tiny, taken):
    """Horizons 8, 12, 20 with a quarter to cool branch at 6, 9, 15; the constant trial of 12 steps
    is their trunk.
    """
    specs = trials(tiny)
    assert {spec.trunk.train_id for spec in specs[1:]} == {specs[0].train_id}
    run_all(specs, tmp_path)
    assert len(taken) == len(set(taken)) == 15 + 2 + 3 + 5
    plan = Plan.of(Study(name="wsd", question="?", expectation="!", trials=tuple(specs)))
    assert plan.train_flops == pytest.approx(plan.trials[0].train_flops * 25 / 12)
    run_all(specs, tmp_path)
    assert len(taken) == 25
    # branches at 12, where the trunk was evaluated
    longer = with_settings(specs[1], {"train.steps": 16})
    run_all([*specs, longer], tmp_path)
    assert len(taken) == 25 + 4


def test_a_training_waits_for_the_cooldown_that_trains_it_as_a_trunk(tmp_path, tiny, monkeypatch):
    """And for no other process, which would be another sweep's."""
    monkeypatch.setattr(trial, "LOCK_WAIT_S", 0.2)
    constant, *cooldowns = trials(tiny)
    run = Run(tmp_path / constant.train_id)
    take, seen = Trainer._take_step, []

    def step(self):
        if not seen:
            seen.append(
                threading.Thread(
                    target=run_trials,
                    args=([constant], run, lambda progress: None),
                    kwargs={"branches": cooldowns},
                )
            )
            seen[0].start()
            time.sleep(0.7)  # several waits long
        return take(self)

    monkeypatch.setattr(Trainer, "_take_step", step)
    run_trials(
        [cooldowns[-1]],
        Run(tmp_path / cooldowns[-1].train_id),
        lambda progress: None,
        branches=cooldowns,
    )
    seen[0].join()
    assert run.state()["state"] == "completed" and run.evaluation(constant.eval_id(12))
    run.write_state("running", session="another's")
    assert not trial.is_trained_as_trunk(run)


def test_a_cooldown_from_the_trunk_is_the_run_trained_alone(tmp_path, tiny):
    spec = trials(tiny)[2]
    run_all([spec], tmp_path)
    alone, lines = Trainer(spec, [spec.evaluate.ema]), []
    alone.train_to(12, lines.append)
    found = Run(tmp_path / spec.train_id).evaluation(spec.eval_id(12))
    assert found["heldout_loss"] == alone.heldout(spec.evaluate.ema)["heldout_loss"]


def test_a_disk_too_small_for_the_checkpoints_is_refused_with_the_numbers(
    tmp_path, tiny, monkeypatch
):
    plan = Plan.of(Study(name="big", question="?", expectation="!", trials=(tiny,)))
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(
        ValueError, match=r"checkpoints of 1 trainings take 0\.\d+ GB and .* has 0\.00 GB free"
    ):
        results_folder.check_disk(plan.runs(), StudyFolder(tmp_path))


def test_the_disk_must_hold_the_checkpoints_of_trunks_that_no_trial_asks_for(
    tmp_path, tiny, monkeypatch
):
    """Two cooldowns keep one checkpoint each besides the newest, their trunk those where they
    begin.
    """
    cooldowns = trials(tiny)[1:3]
    plan = Plan.of(Study(name="wsd", question="?", expectation="!", trials=tuple(cooldowns)))
    each = 4 * cost.params(tiny.model) * (1 + 2 + 1)
    for free, fits in ((each * (4 + 4 + 5), True), (each * (4 + 4 + 5) - 1, False)):
        monkeypatch.setattr(
            disk.shutil,
            "disk_usage",
            lambda path, free=free: type("Usage", (), {"free": free}),
        )
        with (
            contextlib.nullcontext()
            if fits
            else pytest.raises(ValueError, match="checkpoints of 3 trainings")
        ):
            results_folder.check_disk(plan.runs(), StudyFolder(tmp_path))


def test_a_trunk_that_diverges_says_so_with_its_last_good_checkpoint(tmp_path, tiny, monkeypatch):
    step = Trainer._take_step
    monkeypatch.setattr(
        Trainer, "_take_step", lambda self: step(self) * (math.nan if self.step == 6 else 1.0)
    )
    cooldown = trials(tiny)[2]
    run, trunk = (
        Run(tmp_path / train_id) for train_id in (cooldown.train_id, cooldown.trunk.train_id)
    )
    assert run_trials([cooldown], run, lambda progress: None) == "diverged"
    state, (session,) = trunk.state(), trunk.record()["sessions"]
    assert (state["state"], state["step"], state["last_good_checkpoint"]) == (
        "diverged",
        6,
        4,
    ) and state["grad_norm"] > 0
    assert (
        session["diverged"]["step"] == 6
        and run.state()["state"] == "diverged"
        and run.state()["step"] == 6
    )
