"""Does a sweep decide by its records who goes on at a rung, and keep to it in the next one?"""

import pytest

from scaling.commands.sweeping import retry
from scaling.halving import Halving
from scaling.records import StudyFolder
from scaling.records.halving import read_halving, stopped_early
from scaling.study import Plan, Study
from scaling.study.planning.asha import Asha
from tests import written

ASHA = Asha(grace=6)  # of 12 steps
LOSSES = (0.5, 0.3, 0.4)
AT = {"done": False, "state": "running", "step": 6}


@pytest.fixture
def study(tmp_path, tiny) -> tuple[Plan, StudyFolder]:
    """Three rates of one model."""
    asked = Study(name="three", question="?", expectation="!", trials=(tiny,))
    plan = Plan.of(asked.with_grid({"train.lr": (1e-3, 2e-3, 3e-3)}))
    folder = StudyFolder(tmp_path / "three")
    folder.write_plan(plan)
    return plan, folder


def come(study, halving: Halving, index: int, step: int = 6) -> str:
    """A training comes to a step, and the sweep hears of it; returns its train_id."""
    plan, folder = study
    train_id = plan.trials[index].train_id
    run = folder.run(train_id)
    run.folder.mkdir(parents=True, exist_ok=True)
    run.log(written.line(step, heldout_loss=LOSSES[index]))
    halving.take_in(train_id, {**AT, "step": step})
    return train_id


def stop(study, halving: Halving, train_id: str) -> None:
    """It ends as it is told."""
    why = read_halving(halving.path)["paused"][train_id]["why"]
    study[1].run(train_id).write_state("stopped", why, step=6)
    halving.take_in(train_id, {"done": True, "state": "stopped", "why": why})


def swept(study) -> Halving:
    halving = Halving(ASHA, *study)
    halving.begins(study[0].runs())
    halving.write()
    return halving


def all_come(study, halving: Halving) -> list[str]:
    trainings = []
    for index in range(3):
        trainings.append(come(study, halving, index))
        told = read_halving(halving.path)
        if trainings[-1] in told["paused"]:
            stop(study, halving, trainings[-1])
    return trainings


def test_the_best_goes_on_and_the_others_say_why_they_stopped(study):
    halving = swept(study)
    first, second, third = all_come(study, halving)
    told = read_halving(halving.path)
    # the second stopped while only two had come, of which a third is none
    assert told["passed"] == {second: 6} and set(told["paused"]) == {first, third}
    assert halving.again() == [second] and halving.again() == []
    assert study[1].run(first).state()["why"] == "asha: rung 6, 3rd of 3 by held-out loss"
    state = study[1].run(third).state()
    assert stopped_early(state["state"], state["why"]) and state["step"] == 6
    assert state["why"] == "asha: rung 6, 2nd of 3 by held-out loss"


def test_who_stopped_goes_on_in_another_round_once_it_is_among_the_best(study):
    halving = swept(study)
    first = come(study, halving, 1)
    stop(study, halving, first)
    assert halving.again() == []
    others = [come(study, halving, index) for index in (0, 2)]
    for train_id in others:
        stop(study, halving, train_id)
    assert halving.again() == [first]
    assert come(study, halving, 1, step=12) == first
    halving.take_in(first, {"done": True, "state": "completed"})
    assert halving.again() == [] and set(halving.paused) == set(others)


def test_the_next_sweep_keeps_to_it_whatever_was_lost(study):
    halving = swept(study)
    trainings = all_come(study, halving)
    for lost in (False, True):
        if lost:
            halving.path.unlink()
        again = Halving(ASHA, *study)
        left = [group[0].train_id for group in again.begins(study[0].runs())]
        assert left == [trainings[1]]
    without = Halving(None, *study)
    assert without.begins(study[0].runs()) == study[0].runs()


def test_who_is_tried_again_stops_at_no_rung_any_more(study, capsys):
    plan, folder = study
    halving = swept(study)
    first, second, _ = all_come(study, halving)
    retry(str(folder.folder), [plan.trials[0].trial_id])
    assert "was stopped: asha: rung 6" in capsys.readouterr().out
    again = swept(study)
    left = [group[0].train_id for group in again.begins(plan.runs())]
    assert sorted(left) == sorted([first, second])
    folder.run(first).write_state("running", step=6)  # and once it has begun
    assert first in read_halving(swept(study).path)["freed"]


def test_what_ended_otherwise_is_not_waited_for(study):
    halving = swept(study)
    plan, folder = study
    best = come(study, halving, 1)
    stop(study, halving, best)
    diverged, failed = plan.trials[0].train_id, plan.trials[2].train_id
    folder.run(diverged).write_state("diverged", "loss nan at step 3", step=3)
    halving.take_in(diverged, {"done": True, "state": "diverged"})
    assert best in halving.paused
    folder.run(failed).write_state("failed", "OSError: disk is full")
    halving.take_in(failed, {"done": True, "state": "failed"})
    assert best not in halving.paused
