"""Is a stop written down where something ran?"""

from scaling.records import StudyFolder
from scaling.records.state.stopped import mark_stopped
from scaling.study import Plan, Study
from scaling.study.settings import with_settings


def test_a_stop_is_written_where_something_ran_and_keeps_its_progress(tmp_path, tiny):
    trials = tuple(with_settings(tiny, {"train.seed": seed}) for seed in range(3))
    plan = Plan.of(Study(name="three", question="?", expectation="!", trials=trials))
    folder = StudyFolder(tmp_path / "three")
    running, completed, pending = (folder.run(trial.train_id) for trial in plan.trials)
    running.write_state("running", step=6, ready=[6])
    completed.write_state("completed", step=12)
    job = running.evaluating(plan.trials[0].eval_ids[6])
    job.write_state("running", step=6)
    mark_stopped(folder, plan.runs(), "interrupted; the same command continues it")
    for state in (running.state(), job.state()):
        assert (state["state"], state["step"]) == ("stopped", 6)
        assert state["why"] == "interrupted; the same command continues it"
    assert running.state()["ready"] == [6]
    assert completed.state()["state"] == "completed" and pending.state()["state"] == "pending"
