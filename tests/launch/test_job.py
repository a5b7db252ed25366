"""Is a job on a worker what was sent to it, and is anything else refused?"""

import json

import pytest
from pydantic import ValidationError

from scaling.launch.grid import jobs_of
from scaling.launch.job import Job, Trunk
from scaling.records import StudyFolder
from scaling.study import Plan, Study
from scaling.study.execution import Execution
from scaling.study.settings import with_settings


def jobs(root, *trials, gpus=0.0, execution=None) -> list[Job]:
    plan = Plan.of(Study(name="test", question="?", expectation="!", trials=trials))
    folder = StudyFolder(root / "test")
    return jobs_of(plan, plan.runs(), folder, gpus, execution or Execution())


def cooldowns(tiny):
    return [
        with_settings(tiny, {"train.schedule": "wsd", "train.cooldown": 0.25, "train.steps": n})
        for n in (8, 12)
    ]


def test_a_job_is_the_same_after_its_text(tmp_path, tiny):
    execution = Execution(workers=2, parallel="fsdp", micro_batch=4)
    tiny = with_settings(tiny, {"train.lr": 0.1 + 0.2, "train.grad_clip": 1 / 3})
    for job in jobs(tmp_path, tiny, *cooldowns(tiny), gpus=2.0, execution=execution):
        there = Job.load(job.dump())
        assert there == job and there.dump() == job.dump()
        assert [spec.train_id for spec in there.specs] == [job.train_id] * len(job.trials)


def test_a_job_bears_what_its_training_and_evaluations_need(tmp_path, tiny):
    shorter = with_settings(tiny, {"train.steps": 6, "evaluate.checkpoints": 1})
    (job,) = jobs(tmp_path, tiny, shorter, gpus=4.0)
    assert job.specs == [tiny, shorter] and job.trunk is None and job.branches == ()
    # both trials ask for step 6, which is measured once
    assert {e.eval_id: (e.step, e.spec.train_id) for e in job.evaluations.values()} == {
        tiny.eval_id(6): (6, tiny.train_id),
        tiny.eval_id(12): (12, tiny.train_id),
    }
    assert job.run.folder == tmp_path / "runs" / tiny.train_id
    assert (job.gpus_per_training, job.gpus_per_evaluation) == (4.0, 1.0)
    assert job.label == f"test {tiny.model.name} lr=0.003 seed=0"


def test_of_cooldowns_of_one_trunk_the_first_trains_it_and_the_other_waits(tmp_path, tiny):
    short, long = cooldowns(tiny)
    first, second = jobs(tmp_path, short, long)  # the dearer one first
    trunk = tmp_path / "runs" / long.trunk.train_id
    assert (first.specs, first.trunk) == ([long], None)
    assert (second.specs, second.trunk) == ([short], Trunk(run_folder=str(trunk), step=6))
    assert set(first.branches) == set(second.branches) == {short, long}


@pytest.mark.parametrize(
    "change, named",
    [
        ({"gpus": 1}, "gpus"),
        ({"trials": []}, "trials"),
        ({"run_folder": None}, "run_folder"),
        ({"execution": {"workers": 0}}, "execution.workers"),
        ({"cpus_per_worker": -1}, "cpus_per_worker"),
    ],
)
def test_a_job_that_is_not_one_is_refused_by_the_name_of_the_field(tmp_path, tiny, change, named):
    (job,) = jobs(tmp_path, tiny)
    with pytest.raises(ValidationError) as refused:
        Job.load(json.dumps(json.loads(job.dump()) | change))
    (error,) = refused.value.errors()
    assert ".".join(map(str, error["loc"])) == named


def test_an_unknown_field_deep_in_a_spec_is_refused(tmp_path, tiny):
    (job,) = jobs(tmp_path, tiny)
    data = json.loads(job.dump())
    data["trials"][0]["spec"]["train"]["momentum"] = 0.9
    with pytest.raises(ValidationError, match="momentum"):
        Job.load(json.dumps(data))
