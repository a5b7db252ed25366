"""Does a sweep work on this study now, and has somebody asked it to stop?

``ROOT/STUDY/sweep.json`` says so, as a job's state does. A sweep renews it every second and takes
it away at its end. Whoever writes ``stopped`` into it asks the sweep to end. Of results at a URL
the sweep also holds a lease at the store, which one of two that begin together gets.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from scaling.records.state.file import STALE_AFTER_S, StateFile
from scaling.records.state.heartbeat import Heartbeat
from scaling.records.storage.copies import refresh
from scaling.records.storage.lease import Taken, held
from scaling.records.storage.places import shown

STOPPED = "stopped"
ASKED = "stopped by scaling stop"
POLL_S = 0.5
STOP_S = 90.0  # for a sweep to see that it is asked, and to end


def lease_of(folder: Path) -> StateFile:
    """The lease on the study in ``folder``."""
    return StateFile(folder / "sweep.json")


def holder(folder: Path) -> str | None:
    """Who works on the study: "process P on HOST". None where nobody does: no lease, one that was
    not renewed for a minute, or that of a process of this machine that is gone.
    """
    refresh(lease_of(folder).path)
    state = lease_of(folder).state()
    pid, host = state.get("pid"), state.get("host")
    if "heartbeat" not in state or pid is None or time.time() - state["heartbeat"] > STALE_AFTER_S:
        return None
    if host == socket.gethostname() and not psutil.pid_exists(pid):
        return None
    return f"process {pid} on {host}"


def check_free(folder: Path) -> None:
    """ValueError where another sweep works on the study."""
    if who := holder(folder):
        raise _taken(folder, who)


def _taken(folder: Path, who: str) -> ValueError:
    place = shown(folder)
    return ValueError(
        f"a sweep works on {place} already ({who}); follow it with scaling status {place} "
        f"--watch, or end it with scaling stop {place}"
    )


@contextlib.contextmanager
def leased(folder: Path) -> Iterator[Heartbeat]:
    """While entered, the study's lease is this process's, and says what its heartbeat is told.
    ValueError where it is another's.
    """
    check_free(folder)
    lease = lease_of(folder)
    with contextlib.ExitStack() as at_once:
        try:
            at_once.enter_context(held(folder))
        except Taken as taken:
            raise _taken(folder, str(taken)) from None
        try:
            with Heartbeat(lease, keeps_word=True) as heartbeat:
                yield heartbeat
        finally:
            lease.clear()


def is_asked_to_stop(lease: Heartbeat) -> bool:
    """StoreError where the store does not answer any more."""
    refresh(lease.job.path)
    return lease.job.state()["state"] == STOPPED


def waits(folder: Path) -> dict[str, str]:
    """By train_id, what trainings wait for as the sweep that works on the study says; of results at
    a URL as the copy has it.
    """
    state = lease_of(folder).state()
    told = time.time() - state.get("heartbeat", 0.0) <= STALE_AFTER_S
    return state.get("waits", {}) if told else {}


def stop(folder: Path, patience_s: float = STOP_S) -> str:
    """Ask the sweep of the study to end, and wait for it; returns who it was.

    ValueError where none works on it, or does not end within ``patience_s``.
    """
    who = holder(folder)
    if who is None:
        raise ValueError(f"no sweep works on {shown(folder)}")
    lease, deadline = lease_of(folder), time.monotonic() + patience_s
    while holder(folder):
        if time.monotonic() > deadline:
            raise ValueError(
                f"the sweep of {shown(folder)} ({who}) did not end in {patience_s:.0f} s"
            )
        state = lease.state()
        # A heartbeat that was on its way may have overwritten the word.
        if state["state"] == "running":
            lease.write_state(STOPPED, ASKED, pid=state["pid"], host=state["host"])
        time.sleep(POLL_S)
    return who
