"""Are workers that stay stopped ended, and no others?"""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from scaling.launch.supervise import processes
from scaling.launch.supervise.stopped_workers import JOB, at_work, workers_of

WAITS = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]


@pytest.fixture
def started():
    """Starts a process of a job of Ray, as a raylet does, and of none; they end with the test."""
    begun = []

    def start(job: str | None) -> psutil.Process:
        env = {key: value for key, value in os.environ.items() if key != JOB}
        process = subprocess.Popen(
            WAITS, env=env | ({JOB: job} if job else {}), stdout=subprocess.PIPE
        )
        begun.append(process)
        process.stdout.readline()
        return psutil.Process(process.pid)

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def test_workers_of_a_job_are_those_that_its_raylet_started_for_it(started):
    ours, *_ = [started(job) for job in ("0a000000", "0b000000", None)]
    assert workers_of(os.getpid(), "0a000000") == [ours]
    assert workers_of(ours.pid, "0a000000") == []


def test_one_that_stays_stopped_is_ended_and_one_that_goes_on_is_not(started, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(processes.time, "monotonic", lambda: now[0])
    stays, goes_on, works = (started("0a000000") for _ in range(3))
    stopped, every = processes.Stopped(patience_s=10), [stays, goes_on, works]
    for process in (stays, goes_on):
        process.suspend()
        while process.status() != psutil.STATUS_STOPPED:
            pass
    stopped.end(every)
    now[0] += 9
    stopped.end(every)
    goes_on.send_signal(signal.SIGCONT)
    while goes_on.status() == psutil.STATUS_STOPPED:
        pass
    now[0] += 2
    stopped.end(every)
    assert stays.wait() == -signal.SIGKILL
    goes_on.suspend()  # anew: it is let be as long again
    now[0] += 9
    stopped.end(every)
    assert goes_on.is_running() and works.is_running()


def test_a_node_is_at_work_while_something_of_it_is_taken():
    nodes = [
        {"NodeID": name, "Alive": name != "gone", "Resources": {"CPU": 4.0, "memory": 9.0}}
        for name in ("idle", "training", "watching", "full", "gone")
    ]
    free = {
        "idle": {"CPU": 4.0, "memory": 9.0},
        "training": {"CPU": 3.0, "memory": 9.0},
        "watching": {"CPU": 4.0, "memory": 8.0},
        "full": {},
        "gone": {},
    }
    assert at_work(nodes, free) == {"training", "watching", "full"}
