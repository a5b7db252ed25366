"""Where does a training or an evaluation say how it stands? In a file that its heartbeat renews."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scaling.records.files import write_json
from scaling.records.parsed import Unreadable
from scaling.records.shapes import SCHEMA, STATE, STATES, State
from scaling.records.storage.copies import remove, send

UNREADABLE = "unreadable"  # the state of a job whose state cannot be read; never written
AGAIN = "to be tried again, as scaling retry asked"  # why of a job that is pending
HEARTBEAT_S = 1.0  # a running trial renews its state this often
STALE_AFTER_S = 60.0  # a running trial silent for longer is dead
PATIENCE_S, POLL_S = 1.0, 0.005  # for another writer of the same folder to end


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
        with self.alone():
            self.renew_state(state, why, **progress)
        if not self.read_only:
            send(self.path)

    def renew_state(self, state: str, why: str | None, **progress) -> None:
        """The same as a heartbeat does it, ``alone`` with what it has read: of results at a URL,
        the store hears of it later.
        """
        if state not in STATES:
            raise ValueError(f"state {state!r} is not one of {', '.join(STATES)}")
        if not self.read_only:
            stands = {"schema_version": SCHEMA, "state": state, "why": why}
            write_json(self.path, {**stands, "heartbeat": time.time(), **progress}, sends=False)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While entered, ``write_state`` of others in this folder waits, so that what is renewed is
        what was read. It waits a second at most: whoever is alone may have been halted, or killed
        on another machine. Nothing waits where the disk has no locks.
        """
        with contextlib.ExitStack() as entered:
            if not self.read_only:
                with contextlib.suppress(OSError):  # of a folder that cannot be: the write tells
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    folder = os.open(self.path.parent, os.O_RDONLY)
                    entered.callback(os.close, folder)
                    _lock(folder)
                    # said, not left to the close: a child forked meanwhile holds a copy
                    entered.callback(fcntl.flock, folder, fcntl.LOCK_UN)
            yield

    def clear(self) -> None:
        if not self.read_only:
            remove(self.path)


def _lock(folder: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(POLL_S)
