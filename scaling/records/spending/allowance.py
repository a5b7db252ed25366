"""What does a sweep with a budget let its trainings do? ``ROOT/STUDY/budget.json`` says so.

The sweep writes it; a training that waits to begin, and one that has made a checkpoint, read it.
"""

from pathlib import Path
from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from scaling.records.files import write_json
from scaling.records.parsed import STRICT, Shape, Version
from scaling.records.shapes import SCHEMA
from scaling.records.storage.copies import remove
from scaling.records.storage.newest import read_newest

FILE = "budget.json"
ASKS = "asks for its share of the budget"  # why of a pending training


@with_config(STRICT)
class BudgetFile(TypedDict):
    """``budget.json``."""

    schema_version: NotRequired[Version]
    gpu_hours: float
    spent_gpu_hours: float
    may_begin: list[str]  # train_ids
    refused: dict[str, str]  # train_id -> why
    ending: str | None  # why trainings are to stop at their next checkpoint


BUDGET: Shape[BudgetFile] = Shape(BudgetFile, "the same sweep writes it again", SCHEMA)


def allowance_of(folder: Path) -> Path:
    return folder / FILE


def read_allowance(path: Path | str) -> BudgetFile | None:
    """None where there is none, or where it cannot be read: then nothing may begin or must end, as
    the sweep writes it anew.
    """
    return read_newest(path, BUDGET)


def write_allowance(path: Path, content: BudgetFile) -> None:
    write_json(path, {"schema_version": SCHEMA, **content})


def remove_allowance(path: Path) -> None:
    """Of an earlier sweep with a budget, where this one has none."""
    remove(path)


def ending(path: Path | str) -> str | None:
    """Why trainings are to stop at their next checkpoint; None while they are not."""
    allowance = read_allowance(path)
    return allowance["ending"] if allowance else None
