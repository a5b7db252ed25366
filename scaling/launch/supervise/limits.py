"""How long may work be silent before it counts as lost, and how long is it let be?"""

import os
from typing import NamedTuple

VARIABLE = "DIT_SCALING_HUNG_AFTER_S"
HUNG_AFTER_S = 40.0
MORE_VARIABLE = "DIT_SCALING_MORE_AFTER_S"
MORE_AFTER_S = 60.0
START_S = 300.0  # until Ray is there and the first trial has said how it stands
# A training, an evaluation or a cluster lost this often without getting on in between is given up.
# Where it gets on, it may be preempted any number of times.
LOSSES = 5


class Limits(NamedTuple):
    """In seconds."""

    hung_after_s: float  # a heartbeat, or the driver, silent for longer is hung
    # a training of fewer workers than are wanted works so long, at least, before it is begun again
    # with more
    more_after_s: float = MORE_AFTER_S

    @property
    def stopped_after_s(self) -> float:
        """One of our processes that somebody stopped (SIGSTOP) for longer is ended."""
        return self.hung_after_s / 4


def limits() -> Limits:
    """As $DIT_SCALING_HUNG_AFTER_S and $DIT_SCALING_MORE_AFTER_S say, else HUNG_AFTER_S and
    MORE_AFTER_S. ValueError for anything but seconds of at least 3: heartbeats come every second.
    """
    return Limits(_seconds(VARIABLE, HUNG_AFTER_S), _seconds(MORE_VARIABLE, MORE_AFTER_S))


def _seconds(variable: str, default: float) -> float:
    text = os.environ.get(variable, f"{default:g}")
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not 3 <= seconds < float("inf"):
        raise ValueError(f"{variable}={text!r} is not a number of seconds of at least 3")
    return seconds
