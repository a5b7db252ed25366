"""Is the time after which silent work counts as lost read from the environment, and checked?"""

import pytest

from scaling.launch.supervise.limits import HUNG_AFTER_S, VARIABLE, limits


def test_the_environment_says_how_long_work_may_be_silent(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert limits().hung_after_s == HUNG_AFTER_S
    monkeypatch.setenv(VARIABLE, "8")
    assert (limits().hung_after_s, limits().stopped_after_s) == (8.0, 2.0)


@pytest.mark.parametrize("text", ["0", "2.9", "-5", "nan", "inf", "soon", ""])
def test_no_seconds_are_refused_by_name_and_value(text, monkeypatch):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ValueError, match=rf"{VARIABLE}='{text}' is not a number of seconds"):
        limits()
