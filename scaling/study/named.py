"""How is a choice made by name? By looking it up in a table; an error lists the table's names."""

from collections.abc import Mapping
from typing import TypeVar

Thing = TypeVar("Thing")


def named(table: Mapping[str, Thing], name: str, what: str) -> Thing:
    """``table[name]``; ValueError lists the known names if there is no such entry.

    A name that a spec allows but the table lacks is a half-added feature: it fails before it runs.
    """
    if name not in table:
        raise ValueError(f"unknown {what} {name!r}; known: {', '.join(table)}")
    return table[name]
