"""Who may write a training's records? One process: the lead of its workers, which holds a lock,
and of results at a URL a lease at the store.
"""

import contextlib

from filelock import FileLock, Timeout

from scaling.records import Run
from scaling.records.storage.lease import Taken, held
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
        stack.callback(lock.release)
        try:
            stack.enter_context(held(run.folder, timeout))
        except BaseException as error:
            stack.close()
            if isinstance(error, Taken):
                return False
            raise
        return True

    stack = contextlib.ExitStack()
    return stack if workers.agree(acquire) else None
