"""How does the copy of a study stay up to date? It is taken from the store when a command begins,
and every few seconds while a sweep runs, whose workers may be on other machines.
"""

import contextlib
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from scaling.records.ledger import StudyFolder
from scaling.records.parsed import Unreadable
from scaling.records.repeated import repeated
from scaling.records.storage.copies import FOLDERS, pull, refresh, send_changed
from scaling.records.storage.folders import fetch_folder, names_in
from scaling.records.storage.places import here, url_of
from scaling.records.storage.stores import CHECK_S, StoreError, store_at
from scaling.study.planning.plan import Plan

EVERY_S = 10.0
LOOK_S = 3.0


def check_store(folder: Path) -> None:
    """ValueError, one line, where results cannot be written at the store below ``folder``."""
    if (url := url_of(folder)) is None:
        return
    store, probe = store_at(url), f"{url}/.probe-{uuid.uuid4().hex[:8]}"
    try:
        # Twice, as a lease is taken: the second time there is a file.
        if not store.create(probe, b"0", CHECK_S) or store.create(probe, b"1", CHECK_S):
            raise StoreError(
                url, "the store creates a file where there is one; no lease can be kept"
            )
        store.remove([probe], CHECK_S)
    except StoreError as error:
        raise ValueError(f"cannot write results at {url}: {error.why}") from error


def pull_study(folder: Path, plan: Plan | None = None) -> None:
    """Take the study in ``folder`` from the store, with the records of its trainings; ``plan`` is
    its plan, or is to be. StoreError, in seconds, where the store does not answer.
    """
    if (url := url_of(folder)) is None:
        return
    store_at(url).version(f"{url}/study.json", CHECK_S)
    pull(folder)
    with contextlib.suppress(Unreadable, ValueError):  # is told by whoever reads it
        plan = plan or StudyFolder(folder).plan()
    if plan is not None:
        pull_trainings(folder, plan)


def study_at(place: str | Path) -> StudyFolder:
    """The study in a folder, or at a URL, which is taken from the store."""
    folder = here(place)
    pull_study(folder)
    return StudyFolder(folder)


def fetched(place: str | Path) -> Path:
    """What is to be read, a file or a folder: of a URL its copy, taken from the store. With a
    training comes its newest checkpoint. ValueError where there is nothing.
    """
    path = here(place)
    if (url := url_of(path)) is None:
        return path
    if store_at(url).version(url, CHECK_S) is not None:
        refresh(path)
        return path
    # Some stores tell a file that is not there and a server that is not there alike.
    pull(path, patience=CHECK_S)
    if not path.exists():
        raise ValueError(f"there is nothing at {url}, or its server does not answer")
    if checkpoints := names_in(path / FOLDERS):
        fetch_folder(path / FOLDERS / checkpoints[-1])
    return path


def pull_trainings(folder: Path, plan: Plan) -> None:
    """Take the records of the study's trainings from the store."""
    wanted = set(trainings(plan))
    pull(StudyFolder(folder).run("").folder, lambda name: name.partition("/")[0] in wanted)


def send_study(folder: Path, plan: Plan) -> None:
    """Send what was written here of the study, and did not arrive."""
    if url_of(folder):
        send_changed(folder)
        for train_id in trainings(plan):
            send_changed(StudyFolder(folder).run(train_id).folder)


class Looks:
    """The copies ``folders``, taken from the store when they are looked at, at most every LOOK_S.

    What a store that is away does not tell is passed over: the sweep asks it, too, and ends where
    it stays away.
    """

    def __init__(self, *folders: Path):
        self.folders, self._looked = folders, -LOOK_S

    def look(self, now: bool = False) -> None:
        if now or time.monotonic() - self._looked > LOOK_S:
            self._looked = time.monotonic()
            with contextlib.suppress(StoreError):
                for folder in self.folders:
                    pull(folder, lambda name: not name.startswith("samples/"))


def trainings(plan: Plan) -> list[str]:
    """What the plan trains, by train_id, with the trunks of cooldowns."""
    trunks = {trial.spec.trunk.train_id for trial in plan.trials if trial.spec.trunk}
    return sorted({trial.train_id for trial in plan.trials} | trunks)


def pull_studies(root: Path) -> None:
    """Take every study of a results root from the store."""
    if (url := url_of(root)) is None:
        return
    for name in store_at(url).names(url, CHECK_S):
        if store_at(url).version(f"{url}/{name}/study.json") is not None:
            pull_study(root / name)


@contextlib.contextmanager
def followed(folder: Path, plan: Plan) -> Iterator[None]:
    """While entered, the records of trainings come from the store, and pages and figures go to
    it. At the end both are done once more.
    """
    if url_of(folder) is None:
        yield
        return

    def follow() -> None:
        pull_trainings(folder, plan)
        send_changed(folder)

    # The sweep itself asks the store whether it is to stop, and ends where it is away.
    with repeated(follow, EVERY_S, "storage", (StoreError,)):
        yield
    pull_trainings(folder, plan)
