"""How is a running trial told from a dead one? A thread renews its state on disk, whatever the trial is busy with."""

import threading

from scaling.records.ledger import HEARTBEAT_S, Run


class Heartbeat:
    """While entered, ``run``'s state is "running" with the latest progress, renewed every HEARTBEAT_S seconds.

    It ends before the final state is written, so that "running" never overwrites an outcome.
    """

    def __init__(self, run: Run):
        self.run = run
        self.progress: dict = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")

    def tell(self, **progress) -> dict:
        """Take in new progress, to be written with the next beat; returns all of it."""
        self.progress = {**self.progress, **progress}  # a new dict: the thread may be reading the old one
        return self.progress

    def __enter__(self) -> "Heartbeat":
        self.run.write_state("running", **self.progress)
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT_S):
            self.run.write_state("running", **self.progress)
