"""Lets a running job be told from a dead one: a thread renews its state on disk every second, and
another at the store, where results are at a URL, every ten.
"""

import contextlib
import os
import socket
import threading

from scaling.records.ledger import Run
from scaling.records.state.file import HEARTBEAT_S, StateFile
from scaling.records.storage.copies import refresh, send
from scaling.records.storage.places import url_of
from scaling.records.storage.stores import StoreError

SENT_EVERY_S = 10.0
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
        self.why: str | None = None  # what is to be said of how it runs
        self._ended = threading.Event()
        works = [self._beat, *([self._send] if url_of(job.path) and not job.read_only else [])]
        self._threads = [
            threading.Thread(target=work, daemon=True, name="heartbeat") for work in works
        ]

    def tell(self, **progress) -> dict:
        """Take in new progress, to be written with the next beat; returns all progress so far."""
        # A new dict, as the thread may be reading the old one.
        self.progress = {**self.progress, **progress}
        return self.progress

    def beat(self) -> None:
        """Write the progress now, and which process makes it."""
        self.job.write_state("running", self.why, **self._told())

    def _told(self) -> dict:
        return {**self.progress, "pid": os.getpid(), "host": socket.gethostname()}

    def __enter__(self) -> "Heartbeat":
        self.beat()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT_S):
            # A state that something damaged is written anew.
            with self.job.alone():
                stands = self.job.state()
                if stands["state"] not in GIVEN_UP:
                    self.job.renew_state("running", self.why, **self._told())
                elif self.keeps_word:
                    self.job.renew_state(stands["state"], stands["why"], **self._told())
                else:
                    return

    def _send(self) -> None:
        while not self._ended.wait(SENT_EVERY_S):
            # A beat that does not arrive is made up by the next; what must arrive is written by
            # the job itself, which then fails.
            with contextlib.suppress(StoreError):
                refresh(self.job.path, patience=0.0)  # another machine may have given the job up
                send(self.job.path, patience=0.0)
