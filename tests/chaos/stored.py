"""What can happen to a sweep whose results are at a URL? By name, what strikes it or its store: a
real S3 server that is killed and comes back with what it held.

The sweep's machine and the one that looks afterwards have no disk in common, so that only what the
store holds counts.
"""

import atexit
import os
import signal
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from scaling.records import StudyFolder
from scaling.records.storage.copies import pull
from scaling.records.storage.places import here
from scaling.records.storage.stores import PATIENCE
from tests.chaos.sweeps import PLAN, Sweep, kill
from tests.records.storage.s3 import S3Server, settings

PATIENCE_S = 10  # of the sweeps here for their store
CACHE = "DIT_SCALING_CACHE"


@cache
def server(folder: Path) -> S3Server:
    """The server of this run, begun by the first that asks."""
    os.environ.update(settings())
    started = S3Server(folder)
    atexit.register(started.kill)
    return started


class StoredSweep(Sweep):
    """A sweep below ``root`` whose results are in a bucket of its own."""

    def __init__(self, root: Path, limit_s: float):
        self.store = server(root.parent)
        self.cache = root / "machine"
        os.environ |= {CACHE: str(self.cache), PATIENCE: str(PATIENCE_S)}
        bucket = f"chaos-{root.name}"
        if not root.exists():  # of the first sweep here
            self.store.bucket(bucket)
        self.url = f"s3://{bucket}/results"
        super().__init__(root, limit_s, self.url, StudyFolder(here(f"{self.url}/{PLAN.name}")))

    def outcome_folder(self) -> StudyFolder:
        """The study as a machine with an empty disk sees it."""
        os.environ[CACHE] = str(self.root / "another-machine")
        folder = here(self.url)
        pull(folder)
        return StudyFolder(folder / PLAN.name)


def _away(seconds: float, sweep: StoredSweep) -> None:
    sweep.store.kill()
    time.sleep(seconds)
    sweep.store.start()


def _gone_with_its_store(sweep: StoredSweep) -> None:
    """Killed, with all its processes, while the store is away; their disk is lost, too."""
    sweep.store.kill()
    for process in sweep.family():
        kill(process.pid, signal.SIGKILL)
    sweep.process.wait()
    time.sleep(1.0)
    sweep.cache.rename(sweep.root / "lost-disk")
    sweep.store.start()


STORE_FAULTS: dict[str, Callable[[StoredSweep], None]] = {
    "the store is killed and comes back": partial(_away, PATIENCE_S / 3),
    "the store is away for longer than it is waited for": partial(_away, 2.5 * PATIENCE_S),
    "the store, the sweep and its disk are lost": _gone_with_its_store,
}
