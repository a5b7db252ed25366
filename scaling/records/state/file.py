"""Where does a training or an evaluation say how it stands? In a file that its heartbeat renews."""

import time
from dataclasses import dataclass
from pathlib import Path

from scaling.records.files import write_json
from scaling.records.parsed import Unreadable
from scaling.records.shapes import SCHEMA, STATE, STATES, State
from scaling.records.storage.copies import remove

UNREADABLE = "unreadable"  # the state of a job whose state cannot be read; never written
AGAIN = "to be tried again, as scaling retry asked"  # why of a job that is pending
HEARTBEAT_S = 1.0  # a running trial renews its state this often
STALE_AFTER_S = 60.0  # a running trial silent for longer is dead


@dataclass(frozen=True)
class StateFile:
    """The file ``path`` in which a training or an evaluation says how it stands."""

    path: Path
    read_only: bool = False  # writing does nothing

    def state(self) -> State:
        """The last state written, ``pending`` where there is none, ``unreadable`` where the file
        is: whoever works on the job writes it anew.
        """
        try:
            return STATE.read(self.path) or {"state": "pending", "why": None}
        except Unreadable as error:
            return {"state": UNREADABLE, "why": error.short}

    def write_state(self, state: str, why: str | None = None, **progress) -> None:
        """Set the state (one of STATES) and why, with ``progress`` such as step, loss and
        images_per_s.
        """
        self._write(state, why, progress)

    def renew_state(self, state: str, why: str | None, **progress) -> None:
        """The same as a heartbeat does it: of results at a URL, the store hears of it later."""
        self._write(state, why, progress, sends=False)

    def _write(self, state: str, why: str | None, progress: dict, sends: bool = True) -> None:
        if state not in STATES:
            raise ValueError(f"state {state!r} is not one of {', '.join(STATES)}")
        if not self.read_only:
            stands = {"schema_version": SCHEMA, "state": state, "why": why}
            write_json(self.path, {**stands, "heartbeat": time.time(), **progress}, sends)

    def clear(self) -> None:
        if not self.read_only:
            remove(self.path)
