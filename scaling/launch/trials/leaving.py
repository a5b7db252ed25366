"""Has this process been asked to leave? SIGTERM asks it, or whoever sees that its node goes; it has
half a minute, as Slurm and Kubernetes give: time for the step under way and a checkpoint.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

SIGTERM = "asked to leave by SIGTERM"
_asked: list[str] = []  # why, the first reason first


class Left(Exception):
    """The training has left at a checkpoint of the step that it had come to."""


def ask(why: str) -> None:
    """Have a training in this process leave."""
    _asked.append(why)


def is_asked() -> bool:
    return bool(_asked)


def why() -> str | None:
    return _asked[0] if _asked else None


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """While entered, SIGTERM is noted instead of what it did before. Not in a thread other than the
    main one, which Python gives no signals: there it does what it did.
    """
    _asked.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: ask(SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
