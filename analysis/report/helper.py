"""Draws half of a report's figures in a second process, on another core.

The process runs ``serve`` and is spoken to over its pipes. A
``concurrent.futures.ProcessPoolExecutor`` cannot be used here: a spawned worker and one of a fork
server import the caller's ``__main__``, so that a script that writes a report without a guard would
run again in the worker, and a plain fork copies the locks that polars' threads hold. A worker of a
pool also outlives a parent that was killed, where this one ends with its input.
"""

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from scaling.study.cores import usable_cores

SERVE = "from analysis.report.helper import serve; serve()"
LOST = (EOFError, OSError)  # what a call raises whose process has ended


class Helper:
    """Calls functions in another process, one at a time: what is not begun can be cancelled."""

    def __init__(self, process: subprocess.Popen):
        self._process, self._calls = process, ThreadPoolExecutor(1, "helper")

    def submit(self, function: Callable, *args) -> Future:
        """``function``, of a module, with ``args``."""
        return self._calls.submit(self._call, function, args)

    def _call(self, function: Callable, args: tuple):
        pickle.dump((function, args), self._process.stdin)
        self._process.stdin.flush()
        return pickle.load(self._process.stdout)

    def end(self) -> None:
        self._process.kill()
        self._calls.shutdown(cancel_futures=True)
        self._process.communicate()


@contextlib.contextmanager
def helper() -> Iterator[Helper | None]:
    """A process that gets ready to draw while this one does other things; None on a machine with a
    single core.
    """
    if usable_cores() == 1:
        yield None
        return
    # A session of its own: Ctrl-C is this process's to answer. When this one ends, so does its
    # input.
    other = Helper(
        subprocess.Popen(
            [sys.executable, "-c", SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
    )
    try:
        yield other
    finally:
        other.end()


def serve() -> None:
    """Answer calls from standard input until it ends: what the second process does."""
    import analysis.report.pictures  # noqa: F401

    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what is printed is no answer
        with contextlib.suppress(EOFError):
            while True:
                function, args = pickle.load(sys.stdin.buffer)
                pickle.dump(function(*args), out)
                out.flush()
