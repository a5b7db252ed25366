"""Has this process been asked to leave? SIGTERM asks it, or whoever sees that its node goes; it has
half a minute, as Slurm and Kubernetes give: time for the step under way and a checkpoint.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # torch takes seconds to import, and who watches trainings has no use for it
    from scaling.training.workers import Workers

SIGTERM = "asked to leave by SIGTERM"
LOOK_S = 1.0  # between two times that workers ask each other
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


class Leaving:
    """Whether one of ``workers`` was asked to leave, as all of them know at the same step.

    Each calls it once a step. One alone looks at every step; several ask each other about once a
    second, at steps that follow from the lead's clock, since each question waits for the slowest.
    """

    def __init__(self, workers: "Workers"):
        self.workers = workers
        self._why: str | None = None
        self._steps, self._next, self._since = 0, 1, time.monotonic()

    def __call__(self) -> bool:
        if self.workers.size == 1:
            return is_asked()
        self._steps += 1
        if self._steps >= self._next:
            self.why()
        return self._why is not None

    def why(self) -> str | None:
        """The first worker's reason that has one, now; collective."""
        if self.workers.size == 1:
            return why()
        elapsed_s = max(time.monotonic() - self._since, 1e-6)
        told = self.workers.gathered((why(), self._steps * LOOK_S / elapsed_s))
        # No more than twice as many as before: the first steps are not taken when they are counted.
        self._next = max(1, min(int(told[0][1]), 2 * self._next))
        self._steps, self._since = 0, time.monotonic()
        self._why = self._why or next((reason for reason, _ in told if reason), None)
        return self._why


def hear() -> None:
    """Have SIGTERM noted from now on, in a process that a training has to itself."""
    signal.signal(signal.SIGTERM, lambda number, frame: ask(SIGTERM))


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """While entered, SIGTERM is noted instead of what it did before. What was noted until its end
    is forgotten then, as the process may have other work. Not in a thread other than the main one,
    which Python gives no signals: there it does what it did.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _asked.clear()
    before = signal.getsignal(signal.SIGTERM)
    hear()
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        _asked.clear()
