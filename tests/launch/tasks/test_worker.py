"""Does a training lose no step where its worker, or the sweep, gets SIGTERM? On real Ray."""

import os
import signal
import threading
import time

import pytest

from scaling.records import StudyFolder
from scaling.study import Plan, load_study
from scaling.study.settings import parse_settings
from scaling.sweep import sweep

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray")]

SETTINGS = (
    "train.steps=1500",
    "train.checkpoint_every=1400",  # so far apart that none would be near
    "evaluate.checkpoints=1",
    "evaluate.protocol.metrics=[]",
)
PATIENCE_S = 200


def test_a_terminated_worker_loses_no_step(tmp_path, ray_address, shared_cluster):
    plan = Plan.of(load_study("smoke").with_settings(parse_settings(SETTINGS)))
    study = StudyFolder(tmp_path / "smoke")
    run = study.run(plan.trials[1].train_id)
    states = []

    def strike() -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            state = run.state()
            if state["state"] == "running" and state.get("step", 0) > 100:
                os.kill(state["pid"], signal.SIGTERM)
                break
            time.sleep(0.05)
        while time.monotonic() < deadline and states[-1:] != ["completed"]:
            state = run.state()
            if state["state"] not in states[-1:]:
                states.append(state["state"])
            time.sleep(0.01)

    striking = threading.Thread(target=strike)
    striking.start()
    code = sweep("smoke", SETTINGS, tmp_path, ray_address)
    striking.join()
    assert code == 0
    first, second = run.record()["sessions"]
    assert first["stopped"] == f"asked to leave by SIGTERM, at step {first['to_step']}"
    assert 100 < first["to_step"] < 1400 and second["from_step"] == first["to_step"]
    assert "preempted" in states
    steps = [line["step"] for line in run.curve()]
    assert steps == sorted({*range(10, 1501, 10)})  # each logged once, and none beside
    assert (run.folder / "curve.jsonl").read_text().count("\n") == len(steps)
