"""Which processes are a Ray cluster of ours, and how do they end?

A driver leads a session of the operating system, and all that Ray starts for it stays in that
session, whoever of them dies first. So a session's number names our processes and no others.
"""

import contextlib
import os
import time
from collections.abc import Iterable

import psutil

DRIVER = "DIT_SCALING_DRIVER"  # set for a driver and all that it starts
# The processes without which a local cluster is lost, as the operating system names them.
NEEDED = {"raylet": "Ray's node process (raylet)", "gcs_server": "Ray's GCS"}
END_S = 5.0  # for the kernel to be done with a killed process


def of_session(session: int) -> list[psutil.Process]:
    """The living processes of ``session``."""
    return [process for process in psutil.process_iter() if _session(process) == session]


def end_session(session: int) -> None:
    """Kill all processes of ``session``, those that they start meanwhile included."""
    if session == os.getsid(0):
        raise ValueError(f"session {session} is this process's own")
    _end(lambda: of_session(session))


def end_own_session() -> None:
    """Kill all other processes of this process's session, which it must lead."""
    if os.getsid(0) == os.getpid():
        _end(lambda: [p for p in of_session(os.getpid()) if p.pid != os.getpid()])


def end_orphans() -> int:
    """Kill what drivers left behind that are no more, and return how many processes that were.

    A driver ends its processes itself, unless it and its sweep were killed in the same moment.
    """
    sessions = {
        session
        for process in psutil.process_iter()
        if (session := _session(process)) and not _lives(session) and _is_ours(process)
    }
    count = 0
    for session in sessions:
        count += len(of_session(session))
        end_session(session)
    return count


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill ``processes``; those that are gone already are passed over."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def stopped(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that a signal stopped (SIGSTOP), and that so neither work nor end."""
    return [process for process in processes if _status(process) == psutil.STATUS_STOPPED]


class Stopped:
    """Since when each of some processes has been stopped."""

    def __init__(self, patience_s: float):
        self.patience_s = patience_s
        self._since: dict[psutil.Process, float] = {}

    def end(self, processes: Iterable[psutil.Process]) -> None:
        """Kill those of ``processes``, all that there are, that were found stopped each time for
        longer than the patience.
        """
        now = time.monotonic()
        self._since = {p: self._since.get(p, now) for p in stopped(processes)}
        kill(p for p, since in self._since.items() if now - since > self.patience_s)


def needed(processes: Iterable[psutil.Process]) -> set[str]:
    """Which of NEEDED are among ``processes``."""
    names = set()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            names.add(process.name())
    return names & NEEDED.keys()


def _end(find) -> None:
    for _ in range(5):
        found = find()
        kill(found)
        if not found:
            return
        psutil.wait_procs(found, timeout=END_S)


def _session(process: psutil.Process) -> int | None:
    """None for a process that is gone, or only waits for its parent to take notice."""
    try:
        session = os.getsid(process.pid)
    except OSError:
        return None
    return session if _status(process) not in (None, psutil.STATUS_ZOMBIE) else None


def _status(process: psutil.Process) -> str | None:
    try:
        return process.status()
    except psutil.Error:
        return None


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_ours(process: psutil.Process) -> bool:
    """Whether it was started by a driver; a process of another person's cannot be asked."""
    try:
        return process.uids().real == os.getuid() and DRIVER in process.environ()
    except psutil.Error:
        return False
