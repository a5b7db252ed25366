"""Does a sweep outlive its Ray, whose processes are stopped and killed while it runs, and end when
asked? Real Ray of its own.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scaling.launch.supervise import processes
from scaling.launch.supervise.limits import VARIABLE
from scaling.launch.trials.trial import run_trials
from scaling.records import Run, StudyFolder
from scaling.records.state import lease
from scaling.records.status import trial_rows

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray apart")]

COMMAND = [sys.executable, "-m", "scaling.sweep", "smoke", "--address", "local"]
SETTINGS = ["train.steps=2000", "train.checkpoint_every=100", "evaluate.protocol.samples=80"]
PATIENCE_S = 400  # a Ray start takes a minute where the machine is busy
FOUND_WITHIN_S = 60


class Sweep:
    def __init__(self, root: Path):
        self.root, self.log = root, root / "log"
        root.mkdir(exist_ok=True)
        options = [part for setting in SETTINGS for part in ("--set", setting)]
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(
                [*COMMAND, *options, "--results", str(root)],
                stdout=out,
                stderr=out,
                env={**os.environ, VARIABLE: "8"},
            )

    def wait_for(self, what, patience_s: float = PATIENCE_S):
        deadline = time.monotonic() + patience_s
        while not (found := what()):
            assert time.monotonic() < deadline, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.2)
        return found

    @property
    def session(self) -> int:
        """The driver's."""
        (driver,) = (
            child
            for child in psutil.Process(self.process.pid).children()
            if "scaling.launch.supervise.driver" in child.cmdline()
        )
        return driver.pid

    def pid(self, name: str) -> int:
        """Of the process of the sweep's Ray whose command begins so."""
        found = [
            process.pid
            for process in processes.of_session(self.session)
            if " ".join(process.cmdline()).startswith(name) or process.name() == name
        ]
        return found[0]

    def training(self) -> dict:
        """The state of a training that is at work."""
        return self.wait_for(
            lambda: next(
                (
                    state
                    for path in self.root.glob("runs/*")
                    if (state := Run(path).state())["state"] == "running" and state["step"] > 0
                ),
                None,
            )
        )


def test_work_goes_on_after_a_stopped_worker_and_a_stopped_node(tmp_path):
    sweep = Sweep(tmp_path)
    worker = sweep.training()["pid"]
    os.kill(worker, signal.SIGSTOP)
    sweep.wait_for(lambda: not psutil.pid_exists(worker), FOUND_WITHIN_S)
    sweep.training()
    os.kill(sweep.pid("raylet"), signal.SIGSTOP)
    said = "Ray's node process (raylet) ended; begun again on what is left"
    sweep.wait_for(lambda: said in sweep.log.read_text(), FOUND_WITHIN_S)
    assert sweep.process.wait(timeout=PATIENCE_S) == 0, sweep.log.read_text()
    folder = StudyFolder(tmp_path / "smoke")
    assert [row["state"] for row in trial_rows(folder)] == ["completed"] * 2
    # What was disturbed ends where an undisturbed training does, to the bit.
    trial = folder.plan().trials[0]
    alone = Run(tmp_path / "alone")
    run_trials([trial.spec], alone, lambda progress: None)
    disturbed = folder.run(trial.train_id)
    for eval_id in trial.eval_ids.values():
        assert disturbed.evaluation(eval_id)["figures"] == alone.evaluation(eval_id)["figures"]
    assert [line["loss"] for line in disturbed.curve()] == [line["loss"] for line in alone.curve()]
    records = [json.loads(p.read_text()) for p in tmp_path.glob("runs/*/record.json")]
    sessions = [entry for record in records for entry in record["sessions"]]
    assert len(sessions) >= 4  # of two trainings that were disturbed twice
    # What was killed has no end; what a node takes with it may have left at its step before.
    lost = [entry for entry in sessions if not entry["ended"]]
    assert lost and all(entry["last_seen"] >= entry["started"] for entry in lost)


def test_a_sweep_that_is_asked_to_stop_ends_as_if_interrupted(tmp_path):
    sweep = Sweep(tmp_path)
    sweep.training()
    session = sweep.session
    assert lease.stop(tmp_path / "smoke").startswith(f"process {sweep.process.pid} on ")
    assert sweep.process.wait(timeout=PATIENCE_S) == 130
    rows = trial_rows(StudyFolder(tmp_path / "smoke"))
    assert "stopped by scaling stop; the same command continues it" in [r["why"] for r in rows]
    assert {row["state"] for row in rows} <= {"stopped", "pending", "completed"}
    assert processes.of_session(session) == []
