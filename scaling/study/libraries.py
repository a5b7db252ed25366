"""How does another library's failure become one line, without the pages that it prints?"""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """While entered, ``loggers`` and warnings print nothing."""
    loud = [logging.getLogger(name) for name in loggers]
    levels = [logger.level for logger in loud]
    for logger in loud:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loud, levels):
            logger.setLevel(level)


def first_line(error: BaseException) -> str:
    """The first line of what ``error`` says, or its class's name where it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def expanded(path: str | Path) -> Path:
    """``path`` with a ``~`` at its beginning as the home folder. ValueError where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        person = Path(path).parts[0]
        raise ValueError(
            f"{path}: this machine tells no home folder for {person}; write the path in full"
        ) from None
