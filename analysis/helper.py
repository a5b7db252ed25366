"""Who draws the other half of a report's figures? A process of its own, on a second core."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor


@contextlib.contextmanager
def helper() -> Iterator[Executor | None]:
    """A process that gets ready to draw while this one does other things; None where this one has a single core."""
    if len(os.sched_getaffinity(0)) < 2:
        yield None
        return
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _get_ready) as executor:
        executor.submit(int)  # without work it would not start
        yield executor


def _get_ready() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the other process's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import analysis.draw  # noqa: F401


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)  # the pool's own queue would keep it waiting for ever
