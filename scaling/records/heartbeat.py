"""Lets a running job be told from a dead one: a thread renews its state on disk every second."""

import os
import socket
import threading

from scaling.records.ledger import HEARTBEAT_S, Run, StateFile

GIVEN_UP = ("stopped", "preempted")


class Heartbeat:
    """While entered, writes every HEARTBEAT_S that ``job`` is running, with the latest progress.

    ``job`` is a training's run, an evaluation's state or a sweep's lease. The heartbeat ends before
    the final state is written, so that "running" never overwrites an outcome. It ends, too, where
    the sweep has marked the job as stopped or preempted: a worker that was given up may live for
    some seconds more. ``keeps_word``: it goes on and renews that word instead, as a sweep that was
    asked to stop holds its lease until it has ended.
    """

    def __init__(self, job: Run | StateFile, keeps_word: bool = False):
        self.job, self.keeps_word = job, keeps_word
        self.progress: dict = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")

    def tell(self, **progress) -> dict:
        """Take in new progress, to be written with the next beat; returns all progress so far."""
        # A new dict, as the thread may be reading the old one.
        self.progress = {**self.progress, **progress}
        return self.progress

    def beat(self) -> None:
        """Write the progress now, and which process makes it."""
        self._write("running", None)

    def _write(self, state: str, why: str | None) -> None:
        self.job.write_state(
            state, why, **self.progress, pid=os.getpid(), host=socket.gethostname()
        )

    def __enter__(self) -> "Heartbeat":
        self.beat()
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT_S):
            # A state that something damaged is written anew.
            stands = self.job.state()
            if stands["state"] not in GIVEN_UP:
                self.beat()
            elif self.keeps_word:
                self._write(stands["state"], stands["why"])
            else:
                return
