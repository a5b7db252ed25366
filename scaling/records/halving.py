"""Which trainings may pass a rung, and which stop there? ``ROOT/STUDY/asha.json`` says so.

The sweep writes it. A training that has come to a rung reads it, and waits for its word.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from scaling.records.files import write_json
from scaling.records.parsed import STRICT, Shape, Version, Whole
from scaling.records.shapes import SCHEMA
from scaling.records.storage.newest import read_newest
from scaling.study.planning.plan import Identity

FILE = "asha.json"
BY_ASHA = "asha: "  # how the reason of a training begins that was stopped early
POLL_S = 0.2  # between two looks of a training that waits at a rung
POLL_STORE_S = 2.0  # where the file is at a URL


@with_config(STRICT)
class Paused(TypedDict):
    """A training that was told to stop at a rung."""

    rung: Whole
    why: str


@with_config(STRICT)
class HalvingFile(TypedDict):
    """``asha.json``."""

    schema_version: NotRequired[Version]
    grace: Whole
    eta: Whole
    passed: dict[Identity, Whole]  # train_id -> the highest rung that it was let pass
    paused: dict[Identity, Paused]
    freed: list[Identity]  # they stop at no rung any more, as scaling retry asked


HALVING: Shape[HalvingFile] = Shape(HalvingFile, "the same sweep writes it again", SCHEMA)


def halving_of(folder: Path) -> Path:
    return folder / FILE


def read_halving(path: Path | str) -> HalvingFile | None:
    """None where there is none, or where it cannot be read: the sweep writes it anew."""
    return read_newest(path, HALVING)


def write_halving(path: Path, content: HalvingFile) -> None:
    write_json(path, {"schema_version": SCHEMA, **content})


def word_at(
    path: Path | str, train_id: str, rung: int, ending: Callable[[], str | None]
) -> str | None:
    """Why the training is to stop at ``rung``, None where it may go on; waited for until it is
    told, or until ``ending`` says why all is to end.
    """
    poll_s = POLL_S if isinstance(path, Path) or "://" not in path else POLL_STORE_S
    while True:
        decisions = read_halving(path)
        if decisions is not None:
            if train_id in decisions["freed"] or decisions["passed"].get(train_id, 0) >= rung:
                return None
            paused = decisions["paused"].get(train_id)
            if paused is not None and paused["rung"] == rung:
                return paused["why"]
        if why := ending():
            return why
        time.sleep(poll_s)


def stopped_early(state: str, why: str | None) -> bool:
    """Whether a trial in this state was stopped by ASHA: it has no last value, and will have none
    unless it is asked for.
    """
    return state == "stopped" and (why or "").startswith(BY_ASHA)
