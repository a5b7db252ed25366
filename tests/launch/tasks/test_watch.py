"""Does a cooldown hold no place while its trunk is being trained?"""

import time

import pytest
from ray.exceptions import WorkerCrashedError

from scaling.launch.tasks import watch as watching
from scaling.launch.tasks.job import Job, Trunk
from scaling.launch.tasks.watch import TrialWatch
from scaling.records import Run
from scaling.records.spending.allowance import ASKS, write_allowance
from scaling.study.planning.plan import PlannedTrial
from tests.written import evaluation


def test_a_watch_asks_for_a_place_once_the_trunk_is_there(tmp_path, tiny, monkeypatch):
    asked, trunk = [], Run(tmp_path / "trunk")
    task = type(
        "Task", (), {"remote": staticmethod(lambda *args: asked.append(args) or "training")}
    )
    monkeypatch.setattr(watching, "task", lambda *args: task)
    monkeypatch.setattr(watching.ray, "wait", lambda tasks, timeout: ([], tasks))
    monkeypatch.setattr(watching, "POLL_S", 0)
    trunk.write_state("running", step=0)
    watch = object.__new__(TrialWatch)
    job = Job(
        study="test",
        trials=(PlannedTrial.of(tiny),),
        run_folder=str(tmp_path / "cooldown"),
        trunk=Trunk(run_folder=str(trunk.folder), step=6),
    )
    watch.setup({"job": job.dump()})
    assert (
        watch.step() == {"done": False, "state": "pending", "why": "its trunk is being trained"}
        and not asked
    )
    trunk.write_state("running", step=6)
    assert not watch.step()["done"] and len(asked) == 1
    assert not watch.step()["done"] and len(asked) == 1


@pytest.mark.parametrize("before", ["pending", "completed"])
def test_a_watch_begins_when_the_budget_allows_it(tmp_path, tiny, monkeypatch, before):
    monkeypatch.setattr(watching, "POLL_S", 0.0)
    begun = []
    monkeypatch.setattr(TrialWatch, "_train", lambda self: begun.append(self.job.train_id))
    path, run = tmp_path / "budget.json", tmp_path / "a"
    trial = PlannedTrial.of(tiny)
    Run(run).write_state(before, step=4)
    job = Job(study="s", trials=(trial,), run_folder=str(run), allowance=str(path))
    allowed = {"gpu_hours": 1.0, "spent_gpu_hours": 0.0, "ending": None}
    watch = object.__new__(TrialWatch)
    watch._start(job.dump())
    assert watch.step() == {"done": False, "state": "pending", "why": ASKS}
    write_allowance(path, {**allowed, "may_begin": [], "refused": {}})
    assert watch.step()["why"] == ASKS and not begun
    write_allowance(path, {**allowed, "may_begin": [], "refused": {trial.train_id: "too dear"}})
    told = watch.step()
    assert (told["done"], told["state"], told["why"]) == (True, "stopped", "too dear")
    # what was trained before stays so
    assert Run(run).state()["state"] == ("stopped" if before == "pending" else "completed")
    assert Run(run).state()["step"] == 4 and not begun
    write_allowance(path, {**allowed, "may_begin": [trial.train_id], "refused": {}})
    watch._start(job.dump())
    assert begun == [trial.train_id]


def test_a_damaged_evaluation_is_waited_for_and_the_others_are_told(tmp_path, tiny, monkeypatch):
    run, trial = Run(tmp_path / "run"), PlannedTrial.of(tiny)
    for step, eval_id in trial.eval_ids.items():
        run.write_evaluation(eval_id, evaluation(tiny, step, heldout_loss=float(step)))
    damaged = run.folder / "evaluations" / f"{trial.eval_ids[12]}.json"
    damaged.write_bytes(b"{")
    task = type("Task", (), {"remote": staticmethod(lambda *args: "training")})
    monkeypatch.setattr(watching, "task", lambda *args: task)
    monkeypatch.setattr(watching.ray, "wait", lambda tasks, timeout: ([], tasks))
    watch = object.__new__(TrialWatch)
    watch.setup({"job": Job(study="test", trials=(trial,), run_folder=str(run.folder)).dump()})
    assert [asked.step for asked in watch.waiting] == [12]
    assert watch.step()["heldout_loss"] == 6


@pytest.fixture
def watch(tmp_path, tiny, monkeypatch):
    """A watch whose training has begun; ``watch.begun`` are the tasks so far, ``watch.cancelled``
    those that were cancelled, and ``watch.now`` the clock.
    """
    begun, now = [], [100.0]

    class Task:
        def remote(self, *told):
            begun.append(told)
            return f"task {len(begun)}"

    monkeypatch.setattr(watching, "task", lambda *args: Task())
    monkeypatch.setattr(watching.ray, "wait", lambda tasks, timeout: ([], tasks))
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    job = Job(study="s", trials=(PlannedTrial.of(tiny),), run_folder=str(tmp_path / "run"))
    watch = object.__new__(TrialWatch)
    watch.setup({"job": job.dump()})
    watch.begun, watch.cancelled, watch.now = begun, [], now
    monkeypatch.setattr(watching.ray, "cancel", lambda ref, force: watch.cancelled.append(ref))
    return watch


def lost(ref):
    raise WorkerCrashedError


def test_a_worker_that_does_not_end_after_its_last_word_is_ended_and_its_work_stands(
    watch, tiny, monkeypatch
):
    monkeypatch.setattr(watching.ray, "get", lost)
    watch.records.write_state("completed", session=watch.session, ready=[12], step=12)
    watch.step()
    assert watch.begun[1][1] == PlannedTrial.of(tiny).eval_ids[12]
    watch.now[0] += watch.job.hung_after_s - 1
    watch.step()
    assert not watch.cancelled
    watch.now[0] += 2
    watch.step()
    assert watch.cancelled == ["task 1"]
    watch._take_in("task 1")
    assert len(watch.begun) == 2 and watch.records.state()["state"] == "completed"
    # its evaluation, which has cleared its state, likewise
    (asked,) = watch.evaluations.values()
    watch.records.write_evaluation(asked.eval_id, evaluation(tiny, 12))
    watch.step()
    watch.now[0] += watch.job.hung_after_s + 1
    watch.step()
    assert watch.cancelled == ["task 1", "task 2"]
    watch._take_in("task 2")
    assert len(watch.begun) == 2 and watch.step()["done"]


def test_a_worker_that_is_lost_before_its_last_word_is_begun_again(watch, monkeypatch):
    monkeypatch.setattr(watching.ray, "get", lost)
    watch.records.write_state("completed", session="another", ready=[], step=12)
    watch._take_in("task 1")
    assert len(watch.begun) == 2 and watch.records.state()["state"] == "preempted"
