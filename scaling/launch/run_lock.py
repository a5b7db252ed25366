"""Who may write a training's records? One process: the lead of its workers, which holds its
lock.
"""

import contextlib

from filelock import FileLock, Timeout

from scaling.records import Run
from scaling.training.workers import Workers


class Onlooker(Run):
    """The records of a training as a worker sees them that is not the lead: it writes none."""

    def write_spec(self, *args) -> None: ...
    def write_state(self, *args, **progress) -> None: ...
    def write_record(self, *args) -> None: ...
    def log(self, *args) -> None: ...


def hold(run: Run, timeout: float, workers: Workers) -> contextlib.ExitStack | None:
    """The lead's lock on ``run``, to be left by every worker; None where another process keeps it
    for ``timeout`` seconds.
    """
    lock = FileLock(run.lock)  # the kernel releases it however the process ends

    def acquire() -> bool:
        try:
            lock.acquire(timeout=timeout)
        except Timeout:
            return False
        return True

    if not workers.agree(acquire):
        return None
    held = contextlib.ExitStack()
    held.callback(lock.release)
    return held
