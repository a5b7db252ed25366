"""Does a sweep whose trainings have several workers measure what one worker does, by DDP and on
from it by FSDP? Real Ray.
"""

import json
from pathlib import Path

import pytest
from ray.exceptions import ActorDiedError, RayTaskError

from scaling.cli import main
from scaling.launch.tasks import multi_worker
from scaling.launch.tasks.job import Job
from scaling.launch.tasks.multi_worker import _is_loss
from scaling.launch.trials.trial import run_trials
from scaling.records import Run
from scaling.study import Plan, load_study
from scaling.study.execution import Execution
from scaling.study.planning.plan import PlannedTrial

STUDY = """
from experiments.smoke import BASE
from scaling.study import Study, grid
from scaling.study.settings import with_settings
BASE = with_settings(BASE, {{
    "train.steps": {steps}, "train.log_every": 1, "train.heldout_every": 10,
    "evaluate.checkpoints": 1, "evaluate.protocol.samples": 64}})
TRIALS = grid(BASE, {{"model.width": [16]}})
STUDY = Study(name="steps{steps}", question="?", expectation="!", trials=TRIALS)
"""


def study(folder, steps):
    path = folder / f"steps{steps}.py"
    path.write_text(STUDY.format(steps=steps))
    return str(path)


def sweep(*args):
    with pytest.raises(SystemExit) as stop:
        main(["sweep", *args])
    assert stop.value.code == 0


class WorkerHealthCheckFailedError(Exception):
    """As Ray Train tells of a worker that is gone."""

    def __init__(self, failure: Exception):
        super().__init__("A worker health check failed.")
        self.health_check_failure = failure


@pytest.mark.parametrize(
    "error, loss",
    [
        (ActorDiedError(), True),
        (WorkerHealthCheckFailedError(ActorDiedError()), True),
        (WorkerHealthCheckFailedError(TypeError("cannot pickle")), False),
        (RayTaskError("train", "", ValueError("a bad value")), False),
        (ValueError("a bad value"), False),
    ],
)
def test_a_worker_that_is_gone_is_told_from_an_error_of_the_code(error, loss):
    assert _is_loss(error) == loss


def test_what_ray_train_writes_stays_on_the_node_where_results_are_at_a_url(
    tmp_path, monkeypatch, tiny, bucket
):
    began = []

    class Trainer:
        def __init__(self, loop, run_config, **rest):
            began.append(Path(run_config.storage_path))

        def fit(self):
            assert began[0].is_dir()

    monkeypatch.setattr(multi_worker, "_Trainer", Trainer)
    monkeypatch.chdir(tmp_path)
    job = Job(
        study="s",
        trials=(PlannedTrial.of(tiny),),
        run_folder=f"{bucket}/runs/a",
        execution=Execution(workers=2),
    )
    multi_worker.together(lambda *told: None, job, "session")
    assert began[0].parent == job.run.folder and not began[0].exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.ray
@pytest.mark.xdist_group("ray apart")
def test_two_workers_on_ray_train_measure_what_one_does_and_go_on_in_another_layout(
    tmp_path, ray_address, shared_cluster
):
    alone = [
        trial.spec
        for steps in (20, 30)
        for trial in Plan.of(load_study(study(tmp_path, steps))).trials
    ]
    run_trials(alone, Run(tmp_path / "alone"), lambda progress: None)
    here = ["--results", str(tmp_path / "results"), "--address", ray_address]
    sweep(study(tmp_path, 20), *here, "--workers-per-trial", "2", "--parallel", "ddp")
    sweep(study(tmp_path, 30), *here, "--workers-per-trial", "2", "--parallel", "fsdp")
    (folder,) = (tmp_path / "results" / "runs").iterdir()
    ours, theirs = Run(folder).curve(), Run(tmp_path / "alone").curve()
    assert (
        [line["step"] for line in ours] == [line["step"] for line in theirs] == list(range(1, 31))
    )
    for a, b in zip(ours, theirs):
        assert a["loss"] == pytest.approx(b["loss"], abs=1e-5)
        assert a["heldout_loss"] is b["heldout_loss"] or a["heldout_loss"] == pytest.approx(
            b["heldout_loss"], abs=1e-5
        )
    assert len((folder / "curve.jsonl").read_text().splitlines()) == 30  # the lead alone writes
    sessions = json.loads((folder / "record.json").read_text())["sessions"]
    assert [
        (s["from_step"], s["to_step"], s["execution"]["workers"], s["execution"]["parallel"])
        for s in sessions
    ] == [(0, 20, 2, "ddp"), (20, 30, 2, "fsdp")]
    assert Run(folder).state()["state"] == "completed"
    assert not list(folder.glob(".ray-train-*"))
