"""Does a person see the price before and the state during a study?"""

import os
import signal
import time

import pytest

from scaling.progress import Progress, human, interruptible, show_plan
from scaling.records import StudyFolder
from scaling.study import Plan, Study
from scaling.study.settings import with_settings
from tests import written


@pytest.fixture
def plan(tiny) -> Plan:
    """Two trainings, the second one twice as wide."""
    trials = (tiny, with_settings(tiny, {"model.width": 32}))
    return Plan.of(Study(name="two", question="Wider?", expectation="!", trials=trials))


def test_a_plan_is_shown_with_every_trial_and_the_price_of_all(plan, capsys):
    show_plan(plan)
    first, *table, total = capsys.readouterr().out.splitlines()
    assert first == "two: Wider?"
    assert [row.split()[0] for row in table] == ["trial", *(t.trial_id for t in plan.trials)]
    assert total.startswith(f"2 trials, {plan.train_flops:.3g} training FLOPs")


def test_progress_counts_trainings_and_tells_each_end_once(plan, tmp_path, capsys):
    narrow, wide = (t.train_id for t in plan.trials)
    with Progress(plan, plan.runs(), StudyFolder(tmp_path / "two"), None) as progress:
        assert progress.summary() == (
            "0 of 2 trainings ended, 0 running, 2 waiting; time left not known yet"
        )
        progress.update(narrow, {"state": "running", "step": 6, "loss": 1.5})
        progress.update(wide, {"state": "failed", "done": True, "why": "OSError: disk is full"})
        progress.update(wide, {"state": "failed", "done": True, "why": "OSError: disk is full"})
        assert progress.summary().startswith("1 of 2 trainings ended, 1 running, 0 waiting;")
        progress.update(narrow, {"state": "completed", "done": True, "loss": 1.25, "fid": 30.5})
    said = capsys.readouterr().out
    assert said.startswith("two: 2 trainings to run\n")
    assert said.count(f"{plan.trials[1].trial_id}: failed, OSError: disk is full\n") == 1
    assert said.count(f"{plan.trials[0].trial_id}: completed, loss 1.25, FID 30.5\n") == 1


def test_what_is_waited_for_is_said_where_nothing_has_a_place(plan, tmp_path):
    narrow, wide = plan.trials
    progress = Progress(plan, plan.runs(), StudyFolder(tmp_path / "two"), None)
    progress.update(narrow.train_id, {"state": "pending", "waits": "it asks for 1 CPU"})
    progress.update(wide.train_id, {"state": "pending", "waits": "it asks for 2 CPUs"})
    assert progress.summary() == (
        "0 of 2 trainings ended, 0 running, 2 waiting; time left not known yet; "
        f"{narrow.trial_id}: it asks for 1 CPU"
    )
    progress.update(wide.train_id, {"state": "running", "step": 1})
    assert "1 running, 1 waiting" in progress.summary() and "CPU" not in progress.summary()


def test_the_time_left_counts_steps_and_evaluations_by_their_records(plan, tmp_path):
    folder = StudyFolder(tmp_path / "two")
    group = plan.runs()[0]
    run = folder.run(group[0].train_id)
    progress = Progress(plan, [group], folder, None)
    run.folder.mkdir(parents=True)
    run.log(written.line(6, train_wall_s=60.0))
    first, second = group[0].eval_ids.values()
    spec = group[0].spec
    run.write_evaluation(first, written.evaluation(spec, 6, wall_s=30.0))
    progress.update(group[0].train_id, {"state": "running", "step": 6})
    # six more steps, and another evaluation
    assert progress.summary().endswith("; about 90 s left")
    run.write_evaluation(second, written.evaluation(spec, 12, wall_s=30.0))
    assert progress.summary().endswith("; about 90 s left")  # it looks every few seconds
    progress._looked = -1e9
    assert progress.summary().endswith("; about 60 s left")


@pytest.mark.parametrize(
    "seconds, text", [(40, "40 s"), (119, "119 s"), (600, "10 min"), (27_000, "7.5 h")]
)
def test_a_time_is_said_with_two_digits(seconds, text):
    assert human(seconds) == text


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_block_and_is_noted(how):
    before = signal.getsignal(signal.SIGTERM)
    reached = []
    with interruptible() as noted:
        os.kill(os.getpid(), how)
        time.sleep(10)
        reached.append("the end")
    assert noted.happened and not reached
    assert signal.getsignal(signal.SIGTERM) == before
    with interruptible() as noted:
        reached.append("the end")
    assert reached == ["the end"] and not noted.happened
