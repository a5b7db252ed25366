"""What was a study's webhook told, that it is never to be told again? ``ROOT/STUDY/told.json``."""

from pathlib import Path
from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from scaling.records.files import write_json
from scaling.records.parsed import STRICT, Shape, Version
from scaling.records.shapes import SCHEMA

FILE = "told.json"


@with_config(STRICT)
class ToldFile(TypedDict):
    """``told.json``."""

    schema_version: NotRequired[Version]
    told: list[str]


TOLD: Shape[ToldFile] = Shape(ToldFile, "the same sweep sets it aside", SCHEMA)


def read_told(folder: Path) -> list[str]:
    """Raises Unreadable."""
    found = TOLD.read(folder / FILE)
    return list(found["told"]) if found else []


def write_told(folder: Path, told: list[str]) -> None:
    write_json(folder / FILE, {"schema_version": SCHEMA, "told": told})
