"""Has this process been asked to leave? SIGTERM asks it, and gives it half a minute, as Slurm and
Kubernetes do: time for the step under way and a checkpoint.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

ASKED = "asked to leave by SIGTERM"
_asked = threading.Event()


class Left(Exception):
    """The training has left at a checkpoint of the step that it had come to."""


def is_asked() -> bool:
    return _asked.is_set()


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """While entered, SIGTERM is noted instead of what it did before. Not in a thread other than the
    main one, which Python gives no signals: there it does what it did.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _asked.clear()
    before = signal.signal(signal.SIGTERM, lambda number, frame: _asked.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
