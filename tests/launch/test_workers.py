"""Does a sweep whose trainings have several workers measure what one worker's does, and can one go on from it? Real Ray."""

import json
import subprocess
import sys

import pytest
import torch

from scaling.launch.trial import run_trials
from scaling.records import Run
from scaling.study import Plan, load_study
from scaling.study.execution import Execution
from scaling.training import Trainer

STUDY = """
from experiments.smoke import BASE
from scaling.study import Study, grid
from scaling.study.settings import with_settings
BASE = with_settings(BASE, {{"train.steps": {steps}, "train.log_every": 1, "train.heldout_every": 10,
                            "evaluate.checkpoints": 1, "evaluate.protocol.samples": 64}})
STUDY = Study(name="steps{steps}", question="?", expectation="!", trials=grid(BASE, {{"model.width": [16]}}))
"""


def study(folder, steps):
    path = folder / f"steps{steps}.py"
    path.write_text(STUDY.format(steps=steps))
    return str(path)


def sweep(*args):
    done = subprocess.run([sys.executable, "-m", "scaling.sweep", *args], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_two_workers_on_ray_train_measure_what_one_does_and_one_goes_on_from_them(tmp_path, ray_address):
    (alone,) = [trial.spec for trial in Plan.of(load_study(study(tmp_path, 20))).trials]
    run_trials([alone], Run(tmp_path / "alone"), lambda progress: None)
    here = ["--results", str(tmp_path / "results"), "--address", ray_address]
    sweep(study(tmp_path, 20), *here, "--workers-per-trial", "2", "--parallel", "ddp")
    (folder,) = (tmp_path / "results" / "runs").iterdir()
    ours, theirs = Run(folder).curve(), Run(tmp_path / "alone").curve()
    assert [line["step"] for line in ours] == [line["step"] for line in theirs] == list(range(1, 21))
    for a, b in zip(ours, theirs):
        assert a["loss"] == pytest.approx(b["loss"], abs=1e-5)
        assert a["heldout_loss"] is b["heldout_loss"] or a["heldout_loss"] == pytest.approx(b["heldout_loss"], abs=1e-5)
    assert len((folder / "curve.jsonl").read_text().splitlines()) == 20  # the lead alone writes

    sweep(study(tmp_path, 30), *here, "--workers-per-trial", "1")
    sessions = json.loads((folder / "record.json").read_text())["sessions"]
    assert [(s["from_step"], s["to_step"], s["execution"]["workers"]) for s in sessions] == [(0, 20, 2), (20, 30, 1)]
    assert Run(folder).state()["state"] == "completed" and Run(folder).curve()[-1]["step"] == 30
    assert not list(folder.glob(".ray-train-*"))


def test_several_workers_out_of_memory_are_told_of_the_micro_batch(tiny, monkeypatch):
    def full(*args):
        raise torch.OutOfMemoryError("out of memory")

    trainer = Trainer(tiny, [], execution=Execution(micro_batch=8))
    trainer.workers.size = 2
    monkeypatch.setattr(trainer.process, "q_sample", full)
    with pytest.raises(RuntimeError, match="with 8 images at once on worker 0 of 2; give a smaller --micro-batch"):
        trainer.train_to(1, lambda line: None)
