"""Do libraries print nothing while they are kept quiet, and is an error one line, also a home that
is nowhere?
"""

import logging
import warnings
from pathlib import Path

import pytest

from scaling.study.libraries import expanded, first_line, quiet


def test_a_quiet_logger_speaks_again_afterwards(caplog, recwarn):
    logger = logging.getLogger("a.library")
    with pytest.raises(OSError), quiet("a.library"):
        logger.error("a page")
        warnings.warn("another page", stacklevel=1)
        raise OSError
    logger.error("heard")
    assert [record.message for record in caplog.records] == ["heard"] and not recwarn.list


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("\n one\ntwo"), "one"),
        (ValueError("  "), "ValueError"),
        (KeyError(), "KeyError"),
    ],
)
def test_the_first_line_of_an_error(error, line):
    assert first_line(error) == line


def test_a_home_that_is_nowhere_is_named():
    assert expanded("~/a") == Path.home() / "a" and expanded("a/~") == Path("a/~")
    with pytest.raises(ValueError, match=r"^~nobody-here/a: .* no home folder for ~nobody-here; w"):
        expanded("~nobody-here/a")
