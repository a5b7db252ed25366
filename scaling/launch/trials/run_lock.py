"""Who may write a training's records? One process: the lead of its workers, which holds a lock."""

import contextlib

from filelock import FileLock, Timeout

from scaling.records import Run
from scaling.training.workers import Workers


def hold(run: Run, timeout: float, workers: Workers) -> contextlib.ExitStack | None:
    """The lead's lock on ``run``, held until every worker has left what is returned.

    None where another process keeps the lock for ``timeout`` seconds.
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
