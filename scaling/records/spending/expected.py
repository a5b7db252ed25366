"""What was a training expected to take before it began? ``ROOT/STUDY/forecast.json`` says so.

What was once expected stays: it is compared with what happened.
"""

from pathlib import Path
from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from scaling.records.files import write_json
from scaling.records.parsed import STRICT, Shape, Version, Whole
from scaling.records.shapes import SCHEMA
from scaling.study.planning.plan import Identity

FILE = "forecast.json"


@with_config(STRICT)
class Expected(TypedDict):
    """Of a training and its evaluations."""

    train_gpu_hours: float
    measure_gpu_hours: float
    steps: Whole  # that the training was to take
    evaluations: Whole  # that were to be made of it
    basis: str  # what told the speed


@with_config(STRICT)
class ForecastFile(TypedDict):
    """``forecast.json``."""

    schema_version: NotRequired[Version]
    trainings: dict[Identity, Expected]


FORECAST: Shape[ForecastFile] = Shape(
    ForecastFile, "the same sweep sets it aside and writes what is still to begin", SCHEMA
)


def read_expected(folder: Path) -> dict[str, Expected]:
    """By train_id; empty where nobody expected anything. Raises Unreadable."""
    file = FORECAST.read(folder / FILE)
    return dict(file["trainings"]) if file else {}


def add_expected(folder: Path, more: dict[str, Expected]) -> None:
    """Write down ``more``, but for trainings of which something was expected already."""
    before = read_expected(folder)
    if more.keys() - before.keys():
        content = {"schema_version": SCHEMA, "trainings": more | before}
        write_json(folder / FILE, content)
