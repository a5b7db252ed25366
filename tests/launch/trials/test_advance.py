"""Does a training stop where checkpoints belong, go on from the newest, and record what it did?"""

import math

import pytest

from scaling.launch.trials.advance import Advance, Ended, labels_of
from scaling.launch.trials.session import Session, Setup
from scaling.records import Run
from scaling.study.execution import Execution
from scaling.study.specs.ema import Ema
from scaling.training import Diverged, Trainer, checkpoint
from scaling.training.workers import Workers


def advance(spec, run: Run) -> Advance:
    setup = Setup(Execution(), Workers(), lambda progress: None)
    return Advance(spec, run, Session(spec, run, setup, "here"), setup)


def test_raw_weights_need_no_average_in_a_checkpoint():
    averages = [Ema(kind="none", length=0), Ema(length=0.1)]
    assert labels_of(averages) == ["ema-power-0.1"]


def test_checkpoints_are_made_on_the_way_and_training_goes_on_from_the_newest(tmp_path, tiny):
    run, emas = Run(tmp_path), [tiny.evaluate.ema]
    first = advance(tiny, run)
    with first.recorded():
        first.to(7, emas, keep={3})
    # every 4 steps, at the end, and where one is to stay; of the others the newest two stay
    assert checkpoint.steps(run.checkpoints) == [7, 4, 3]
    second = advance(tiny, run)
    with second.recorded():
        second.to(9, emas, keep={3})
    first_session, second_session = run.record()["sessions"]
    assert (first_session["from_step"], first_session["to_step"]) == (0, 7)
    assert (second_session["from_step"], second_session["to_step"]) == (7, 9)
    assert first_session["ended"] and run.record()["step"] == 9


def test_a_step_before_the_trainer_is_reached_anew(tmp_path, tiny):
    training = advance(tiny, Run(tmp_path))
    with training.recorded():
        training.to(8, [tiny.evaluate.ema], keep=())
        training.to(6, [tiny.evaluate.ema], keep=())
    assert training.trainer.step == 6 and training.session.entry["to_step"] == 6


def test_a_checkpoint_that_is_ready_is_not_written_again(tmp_path, tiny):
    run = Run(tmp_path)
    training = advance(tiny, run)
    with training.recorded():
        training.session.add_ready(4)  # as if someone read it now
        training.to(6, [tiny.evaluate.ema], keep=())
    assert checkpoint.steps(run.checkpoints) == [6] and run.state()["ready"] == [4]


def test_a_training_that_is_to_end_stops_at_a_checkpoint_and_goes_on_from_it(tmp_path, tiny):
    run, emas, asked = Run(tmp_path), [tiny.evaluate.ema], []

    def ending(step: int) -> str | None:
        asked.append(checkpoint.steps(run.checkpoints))
        return "the budget is reached" if len(asked) == 3 else None

    setup = Setup(Execution(), Workers(), lambda progress: None, devices=2.0, ending=ending)
    training = Advance(tiny, run, Session(tiny, run, setup, "here"), setup)
    with pytest.raises(Ended), training.recorded():
        training.to(12, emas, keep=())
    assert checkpoint.steps(run.checkpoints) == [8, 4] and len(asked) == 3
    state = run.state()
    assert (state["state"], state["why"]) == ("stopped", "the budget is reached")
    stopped = run.record()["sessions"][0]
    assert (stopped["devices"], stopped["stopped"]) == (2.0, "the budget is reached")
    again = advance(tiny, run)
    with again.recorded():
        again.to(12, emas, keep=())
    assert run.record()["sessions"][1]["from_step"] == 8


def test_it_is_asked_at_each_rung_where_its_held_out_loss_is_known(tmp_path, tiny):
    run, asked = Run(tmp_path), {}

    def ending(step: int) -> str | None:
        asked[step] = [line["heldout_loss"] for line in run.curve() if line["step"] == step]
        return "asha: rung 6" if step == 6 else None

    setup = Setup(Execution(), Workers(), lambda progress: None, ending=ending, rungs=(6,))
    training = Advance(tiny, run, Session(tiny, run, setup, "here"), setup)
    with pytest.raises(Ended), training.recorded():
        training.to(12, [tiny.evaluate.ema], keep=())
    assert list(asked) == [0, 4, 6] and asked[6][0] > 0
    assert checkpoint.steps(run.checkpoints) == [6, 4]
    assert (run.state()["state"], run.state()["step"]) == ("stopped", 6)


def test_a_divergence_is_recorded_with_the_last_good_checkpoint_and_raised(
    tmp_path, tiny, monkeypatch
):
    step, run = Trainer._take_step, Run(tmp_path)
    monkeypatch.setattr(
        Trainer, "_take_step", lambda self: step(self) * (math.nan if self.step == 7 else 1.0)
    )
    training = advance(tiny, run)
    with pytest.raises(Diverged), training.recorded():
        training.to(12, [tiny.evaluate.ema], keep=())
    state, (session,) = run.state(), run.record()["sessions"]
    assert (state["state"], state["step"], state["last_good_checkpoint"]) == ("diverged", 7, 4)
    assert session["diverged"]["step"] == 7 and session["ended"]


def test_a_cooldown_asks_for_its_trunk_where_it_has_no_checkpoint_of_its_own(tmp_path, tiny):
    asked, training = [], advance(tiny, Run(tmp_path / "trunk"))
    with training.recorded():
        training.to(4, [tiny.evaluate.ema], keep=())
    there = checkpoint.load(tmp_path / "trunk" / "checkpoints", 4)
    cooldown = advance(tiny, Run(tmp_path / "cooldown"))
    cooldown.spec = tiny.model_copy(
        update={"train": tiny.train.model_copy(update={"schedule": "wsd", "cooldown": 0.5})}
    )
    cooldown.trunk = lambda emas: asked.append(emas) or there
    with cooldown.recorded():
        cooldown.to(8, [tiny.evaluate.ema], keep=())
        cooldown.to(10, [tiny.evaluate.ema], keep=())
    assert asked == [[tiny.evaluate.ema]]
    assert cooldown.session.entry["from_step"] == 4
