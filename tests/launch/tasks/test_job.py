"""Is a job on a worker what was sent to it, and is anything else refused?"""

import json
import shutil
import subprocess
import sys

import pytest
from pydantic import ValidationError

from scaling.launch.tasks.grid import jobs_of
from scaling.launch.tasks.job import Job, source_folder
from scaling.records import StudyFolder
from scaling.study import Plan, Study, load_study
from scaling.study.execution import Execution
from scaling.study.families.outside.shipped import Shipped
from scaling.study.planning.plan import PlannedTrial
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


def test_a_job_of_the_suites_own_networks_needs_no_folder_of_sources(tmp_path, tiny):
    source_folder.cache_clear()
    for job in jobs(tmp_path, tiny):
        Job.load(job.dump())
    assert source_folder.cache_info().currsize == 0


def test_a_job_is_the_same_after_its_text(tmp_path, tiny):
    execution = Execution(workers=2, parallel="fsdp", micro_batch=4)
    tiny = with_settings(tiny, {"train.lr": 0.1 + 0.2, "train.grad_clip": 1 / 3})
    for job in jobs(tmp_path, tiny, *cooldowns(tiny), gpus=2.0, execution=execution):
        there = Job.load(job.dump())
        assert there == job and there.dump() == job.dump()
        assert [spec.train_id for spec in there.specs] == [job.train_id] * len(job.trials)


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


OWN = """
from typing import Literal
from experiments.smoke import BASE
from scaling.study import Network, Study

class Line(Network):
    family: Literal["line"] = "line"
    width: int

    def build(self):
        from torch import nn
        from parts import pixels
        return nn.Sequential(nn.Flatten(), nn.Linear(pixels(self), self.width))

fields = {"input_size": 8, "channels": 1, "num_classes": 10}
TRIALS = (BASE.model_copy(update={"model": Line(width=5, **fields)}),)
STUDY = Study(name="own", question="?", expectation="!", trials=TRIALS)
"""
PARTS = "def pixels(model): return model.channels * model.input_size ** 2\n"
WORKER = """
import sys
from scaling.launch.tasks.job import Job, source_folder
job = Job.load(sys.stdin.read())
(spec,) = job.specs
print(spec.train_id, job.train_id, type(spec.model).__name__, spec.model.build()[1].weight.shape)
"""


def test_a_worker_has_the_network_that_the_studys_own_file_defines(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "own.py").write_text(OWN)
    (home / "parts.py").write_text(PARTS)
    study = load_study(str(home / "own.py"))
    trial = study.trials[0]
    planned = PlannedTrial(
        trial_id="line",
        train_id=trial.train_id,
        eval_ids={s: trial.eval_id(s) for s in trial.eval_steps},
        model="line",
        rung="width 5",
        params_m=0,
        forward_gmacs=0,
        images=1,
        train_flops=0,
        spec=trial,
    )
    job = Job(
        study="own",
        trials=(planned,),
        run_folder=str(tmp_path),
        shipped=Shipped.of([trial.model]),
    )
    text = job.dump()
    shutil.rmtree(home)  # as on another machine
    done = subprocess.run(
        [sys.executable, "-c", WORKER], input=text, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=3) == [
        trial.train_id,
        trial.train_id,
        "Line",
        "torch.Size([5, 64])\n",
    ]
