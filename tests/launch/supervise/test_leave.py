"""Are the trainings asked to leave that run, and waited for, and no other process?"""

import signal
import subprocess
import sys
import time

import pytest

from scaling.launch.supervise import leave
from scaling.launch.supervise.leave import let_leave
from scaling.launch.supervise.order import Listed, Order
from scaling.records import Run

# As a training does: it ends in the state "preempted", or does not hear.
WORKS = """
import signal, socket, os, sys, time
from pathlib import Path
from scaling.records import Run
run, hears = Run(Path(sys.argv[1])), sys.argv[2] == "hears"
def left(number, frame):
    if hears:
        run.write_state("preempted", "asked to leave by SIGTERM, at step 7")
        sys.exit(1)
signal.signal(signal.SIGTERM, left)
run.write_state("running", step=7, pid=os.getpid(), host=socket.gethostname())
time.sleep(60)
"""


@pytest.fixture
def working(tmp_path, monkeypatch):
    """A function that starts a process as a training, and returns it with its run."""
    monkeypatch.setattr(leave, "WATCHES_S", 0.0)
    started = []

    def start(name: str, how: str) -> tuple[subprocess.Popen, Run]:
        run = Run(tmp_path / name)
        run.folder.mkdir()
        started.append(subprocess.Popen([sys.executable, "-c", WORKS, str(run.folder), how]))
        deadline = time.monotonic() + 60
        while run.state()["state"] != "running":
            assert time.monotonic() < deadline and started[-1].poll() is None
            time.sleep(0.05)
        return started[-1], run

    yield start
    for process in started:
        process.kill()
        process.wait()


def order(tmp_path, *names: str, workers: int = 1) -> Order:
    jobs = tuple(
        Listed(train_id=name, trial_id=name, text=f'{{"run_folder": "{tmp_path / name}"}}')
        for name in names
    )
    return Order(
        study="s", jobs=jobs, address=None, gpus_per_trial=0.0, workers=workers, precisions=()
    )


def test_what_runs_is_asked_and_waited_for(tmp_path, working):
    process, run = working("a", "hears")
    done = Run(tmp_path / "b")
    done.folder.mkdir()
    done.write_state("completed", pid=process.pid)
    asked = order(tmp_path, "a", "b", "never-begun")
    assert let_leave(asked) == 1
    assert run.state()["state"] == "preempted" and process.wait(timeout=20) == 1
    assert let_leave(asked) == 0


def test_who_does_not_hear_is_not_waited_for_long(tmp_path, working):
    process, _ = working("a", "is deaf")
    began = time.monotonic()
    assert let_leave(order(tmp_path, "a"), patience_s=0.5) == 0
    assert time.monotonic() - began < 5 and process.poll() is None
    process.send_signal(signal.SIGKILL)
