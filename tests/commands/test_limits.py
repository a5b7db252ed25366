"""Has every number that a verb takes limits, and is what lies beyond them one line?"""

import inspect
import types
import typing

import pytest

from scaling.cli import COMMANDS
from scaling.commands.limits import FINITE, LIMITS, check_number
from tests.commands.outcome import outcome


def numbers(verb) -> set[str]:
    """The parameters of a verb that are numbers."""
    found = set()
    for name, kind in typing.get_type_hints(verb).items():
        kinds = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
        kinds = {inner for k in kinds for inner in (k, *typing.get_args(k))}
        found |= {name} if {int, float} & kinds else set()
    return found & set(inspect.signature(verb).parameters)


@pytest.mark.parametrize("verb", COMMANDS, ids=lambda verb: verb.__name__)
def test_every_number_has_limits(verb):
    assert numbers(verb) <= set(LIMITS)


@pytest.mark.parametrize("name", LIMITS)
def test_no_number_is_endless_and_the_limits_themselves_are_allowed(name):
    for value in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(ValueError, match="no finite number"):
            check_number(name, value)
    least, most = LIMITS[name]
    check_number(name, least), check_number(name, most)
    for value in (least - 1, most * 2) if LIMITS[name] != FINITE else ():
        with pytest.raises(ValueError, match=f"--{name.replace('_', '-')} .* must be"):
            check_number(name, value)


@pytest.mark.parametrize(
    "words, says",
    [
        (["status", ""], "an empty word after status: is a variable"),
        (["sweep", "--results="], "--results= is given no value"),
        (["fit", "powerlaw", "--csv", ""], "an empty word after --csv"),
    ],
)
def test_an_empty_word_is_told_where_it_stands(capsys, words, says):
    code, _, err = outcome(capsys, *words)
    assert code == 2 and says in err and err.count("\n") == 1


def test_a_working_directory_that_was_deleted_is_told(capsys, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    code, out, err = outcome(capsys, "status")
    assert code == 2 and not out
    assert err == "error: the working directory was deleted; go to another, as with cd\n"
