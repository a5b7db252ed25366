"""How do processes that are started here get variables of their own environment?"""

import contextlib
import os
from collections.abc import Iterator, Mapping


@contextlib.contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """While entered, the environment has ``values``; afterwards what it had before."""
    before = {name: os.environ.get(name) for name in values}
    os.environ |= dict(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
