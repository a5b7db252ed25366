"""How does another library's failure become one line, without the pages that it prints?"""

import contextlib
import logging
import warnings
from collections.abc import Iterator


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
