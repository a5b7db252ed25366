"""Is it known whether a sweep works on a study, and does it hear that it is to end?"""

import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from scaling.records.state import lease as leases
from scaling.records.state.lease import (
    check_free,
    holder,
    is_asked_to_stop,
    lease_of,
    leased,
    stop,
    waits,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("scaling.records.state.heartbeat.HEARTBEAT_S", 0.01)
    monkeypatch.setattr(leases, "POLL_S", 0.02)


def test_a_study_is_held_while_a_sweep_works_on_it(tmp_path):
    assert holder(tmp_path) is None
    check_free(tmp_path)
    with leased(tmp_path):
        assert holder(tmp_path) == f"process {os.getpid()} on {socket.gethostname()}"
        with pytest.raises(ValueError, match=rf"already \(process {os.getpid()} on .*scaling stop"):
            check_free(tmp_path)
    assert holder(tmp_path) is None and not lease_of(tmp_path).path.exists()


def test_nobody_holds_it_whose_process_is_gone_or_whose_lease_is_old(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here = {"pid": gone.pid, "host": socket.gethostname()}
    lease_of(tmp_path).write_state("running", **here)
    assert holder(tmp_path) is None
    there = {"pid": gone.pid, "host": "another"}
    lease_of(tmp_path).write_state("running", **there)
    assert holder(tmp_path) == f"process {gone.pid} on another"
    state = lease_of(tmp_path).state()
    lease_of(tmp_path).write_state("running", **there | {"heartbeat": state["heartbeat"] - 3600})
    assert holder(tmp_path) is None


def test_a_sweep_hears_that_it_is_to_end_and_is_waited_for(tmp_path):
    begun, heard = threading.Event(), []

    def sweep():
        with leased(tmp_path) as lease:
            begun.set()
            while not is_asked_to_stop(lease):
                time.sleep(0.01)
            heard.append(True)

    running = threading.Thread(target=sweep)
    running.start()
    begun.wait()
    assert stop(tmp_path) == f"process {os.getpid()} on {socket.gethostname()}"
    running.join()
    assert heard == [True] and holder(tmp_path) is None


def test_a_sweep_that_was_asked_and_takes_its_time_holds_its_lease_until_its_end(tmp_path):
    with leased(tmp_path) as lease:
        lease.job.write_state("stopped", leases.ASKED, pid=os.getpid(), host=socket.gethostname())
        asked = lease.job.state()["heartbeat"]
        deadline = time.monotonic() + 10
        while lease.job.state()["heartbeat"] <= asked:
            assert time.monotonic() < deadline
        assert is_asked_to_stop(lease) and lease.job.state()["why"] == leases.ASKED
        assert holder(tmp_path) == f"process {os.getpid()} on {socket.gethostname()}"
    assert holder(tmp_path) is None


def test_a_study_that_nobody_works_on_cannot_be_stopped(tmp_path):
    with pytest.raises(ValueError, match="no sweep works on"):
        stop(tmp_path)


def test_a_sweep_that_does_not_hear_is_named(tmp_path):
    with leased(tmp_path), pytest.raises(ValueError, match=r"did not end in 0 s"):
        stop(tmp_path, patience_s=0.1)


def test_of_two_sweeps_that_begin_at_once_one_is_refused_and_leaves_the_lease(tmp_path):
    with leased(tmp_path):
        with pytest.raises(ValueError, match=r"works on .* already"), leased(tmp_path):
            pass
        assert holder(tmp_path) is not None


@pytest.mark.parametrize("pid", [0, 2**31, 2**62])
def test_a_lease_of_no_process_holds_nothing(tmp_path, pid):
    lease_of(tmp_path).write_state("running", pid=pid, host=socket.gethostname())
    assert holder(tmp_path) is None
    check_free(tmp_path)


def test_what_trainings_wait_for_is_told_while_the_sweep_says_so(tmp_path, monkeypatch):
    with leased(tmp_path) as lease:
        assert waits(tmp_path) == {}
        lease.tell(waits={"a": "asks for 1 CPU"})
        lease.beat()
        assert waits(tmp_path) == {"a": "asks for 1 CPU"}
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + leases.STALE_AFTER_S + 1)
        assert waits(tmp_path) == {}
        monkeypatch.undo()
    assert waits(tmp_path) == {}
