"""How is a choice made by name? From a table, whose names a refusal tells."""

from collections.abc import Mapping
from typing import TypeVar

Thing = TypeVar("Thing")


def named(table: Mapping[str, Thing], name: str, what: str) -> Thing:
    """``table[name]``; ValueError, with the names there are, where it has none.

    A name that a spec allows and no table has is a thing half added: it fails before it runs.
    """
    if name not in table:
        raise ValueError(f"unknown {what} {name!r}; known: {', '.join(table)}")
    return table[name]
