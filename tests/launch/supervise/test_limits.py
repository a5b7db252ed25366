"""Is the time after which silent work counts as lost read from the environment, and checked?"""

import pytest

from scaling.launch.supervise.limits import (
    HUNG_AFTER_S,
    MORE_AFTER_S,
    MORE_VARIABLE,
    VARIABLE,
    limits,
)


def test_the_environment_says_how_long_work_may_be_silent(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert limits().hung_after_s == HUNG_AFTER_S
    monkeypatch.setenv(VARIABLE, "8")
    assert (limits().hung_after_s, limits().stopped_after_s) == (8.0, 2.0)
    monkeypatch.delenv(MORE_VARIABLE, raising=False)
    assert limits().more_after_s == MORE_AFTER_S
    monkeypatch.setenv(MORE_VARIABLE, "600")
    assert limits() == (8.0, 600.0)


@pytest.mark.parametrize("variable", [VARIABLE, MORE_VARIABLE])
@pytest.mark.parametrize("text", ["0", "2.9", "-5", "nan", "inf", "soon", ""])
def test_no_seconds_are_refused_by_name_and_value(text, variable, monkeypatch):
    monkeypatch.setenv(variable, text)
    with pytest.raises(ValueError, match=rf"{variable}='{text}' is not a number of seconds"):
        limits()
