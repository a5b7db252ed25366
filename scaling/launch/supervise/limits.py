"""How long may work be silent before it counts as lost?"""

import os
from typing import NamedTuple

VARIABLE = "DIT_SCALING_HUNG_AFTER_S"
HUNG_AFTER_S = 40.0
START_S = 300.0  # until Ray is there and the first trial has said how it stands
# A training, an evaluation or a cluster lost this often without getting on in between is given up.
# Where it gets on, it may be preempted any number of times.
LOSSES = 5


class Limits(NamedTuple):
    """In seconds."""

    hung_after_s: float  # a heartbeat, or the driver, silent for longer is hung

    @property
    def stopped_after_s(self) -> float:
        """One of our processes that somebody stopped (SIGSTOP) for longer is ended."""
        return self.hung_after_s / 4


def limits() -> Limits:
    """As $DIT_SCALING_HUNG_AFTER_S says, else HUNG_AFTER_S. ValueError for anything but seconds of
    at least 3: heartbeats come every second.
    """
    text = os.environ.get(VARIABLE, f"{HUNG_AFTER_S:g}")
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not 3 <= seconds < float("inf"):
        raise ValueError(f"{VARIABLE}={text!r} is not a number of seconds of at least 3")
    return Limits(seconds)
