"""Computes a property once and keeps its value, or the ValueError that it raised."""

import functools
from collections.abc import Callable


class once:
    """A property computed on first use. ``functools.cached_property`` computes again where the
    first use raised; this keeps a ValueError too, and raises it for every reader.
    """

    def __init__(self, method: Callable):
        self.method = method
        functools.update_wrapper(self, method)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return recall(instance, self.name, lambda: self.method(instance))


def recall(instance, key, ask: Callable):
    """What ``ask`` answered the first time that ``instance`` was asked for ``key``."""
    kept = instance.__dict__.setdefault("_answered", {})
    if key not in kept:
        try:
            kept[key] = ask(), None
        except ValueError as reason:
            kept[key] = None, str(reason)
    value, reason = kept[key]
    if reason is not None:
        raise ValueError(reason)
    return value
