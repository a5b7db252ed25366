"""Does a session end with all that it started, and what is left of one whose leader is gone?"""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from scaling.launch.supervise import processes

# A leader that starts a child, says the child's number, and waits.
LEADER = (
    "import subprocess, time; p = subprocess.Popen(['sleep', '600']); "
    "print(p.pid, flush=True); time.sleep(600)"
)


@pytest.fixture
def leader():
    """A process that leads a session with one child, as a driver does, and the child's number."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEADER],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, processes.DRIVER: "1"},
    )
    child = int(process.stdout.readline())
    yield process, child
    processes.end_session(process.pid)
    process.wait()


def pids(session: int) -> set[int]:
    return {process.pid for process in processes.of_session(session)}


def test_a_session_is_its_leader_and_what_that_started_and_ends_as_a_whole(leader):
    process, child = leader
    assert pids(process.pid) == {process.pid, child}
    processes.end_session(process.pid)
    assert pids(process.pid) == set() and not psutil.pid_exists(process.pid)


def test_the_session_of_this_process_is_never_ended():
    with pytest.raises(ValueError, match="own"):
        processes.end_session(os.getsid(0))


def test_what_a_killed_leader_left_is_ended_and_a_living_ones_is_not(leader):
    process, child = leader
    processes.end_orphans()
    assert pids(process.pid) == {process.pid, child}
    process.kill()
    process.wait()
    assert pids(process.pid) == {child}
    assert processes.end_orphans() >= 1 and pids(process.pid) == set()


def test_a_stopped_process_is_known(leader):
    process, child = leader
    assert processes.stopped(processes.of_session(process.pid)) == []
    os.kill(child, signal.SIGSTOP)
    deadline = time.monotonic() + 10
    while psutil.Process(child).status() != psutil.STATUS_STOPPED:
        assert time.monotonic() < deadline
    assert [p.pid for p in processes.stopped(processes.of_session(process.pid))] == [child]


def test_a_process_that_is_gone_by_then_is_passed_over(leader):
    process, child = leader
    gone, there = psutil.Process(process.pid), psutil.Process(child)
    process.kill()
    process.wait()
    processes.kill([gone, there])
    there.wait(timeout=10)
