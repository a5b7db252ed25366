"""What does a file hold that another machine writes while this one reads it?"""

import contextlib
from pathlib import Path
from typing import TypeVar

from scaling.records.parsed import Shape, Unreadable
from scaling.records.storage.copies import refresh
from scaling.records.storage.places import here
from scaling.records.storage.stores import StoreError

T = TypeVar("T")


def read_newest(path: Path | str, shape: Shape[T]) -> T | None:
    """The file at ``path``, a local path or a URL, as it was last written.

    None where there is none, or where it cannot be read: its writer writes it anew.
    """
    path = here(path)
    with contextlib.suppress(StoreError):  # what was known last holds on
        refresh(path, patience=0.0)
    try:
        return shape.read(path)
    except Unreadable:
        return None
