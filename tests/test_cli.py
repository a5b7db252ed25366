"""Does the command show its verbs in order, and is an error that a person can mend one line?"""

import re
import warnings

import pytest

from scaling import cli


def test_help_breaks_lines_where_its_width_ends_and_in_examples_alone(capsys):
    with pytest.raises(SystemExit):
        cli.main(["fit", "--help"])
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert any(line.startswith("scaling fit isoflop --csv") for line in shown)
    assert not any("\n" in line for text in map(cli._help, cli.COMMANDS) for line in _flowing(text))


def _flowing(text: str) -> list[str]:
    """The paragraphs that are no examples."""
    return [part for part in text.split("\n\n") if not part.startswith("  ")]


def test_help_shows_every_verb_in_order(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert stop.value.code == 0
    shown = re.findall(r"^\W (\w+)", out.partition("Commands")[2], re.M)
    assert shown == [command.__name__ for command in cli.COMMANDS]


def test_only_a_verb_with_lists_takes_words_after_its_options(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["status", "results/one", "results/other"])
    assert stop.value.code == 2 and "results/other" in capsys.readouterr().err


def failing(error):
    def run(words):
        raise error

    return run


@pytest.mark.parametrize(
    "error, told",
    [
        (ValueError("seeds 0 is not at least 1"), "error: seeds 0 is not at least 1\n"),
        (FileNotFoundError(2, "No such file", "runs.csv"), "error: runs.csv: No such file\n"),
        (PermissionError(13, "Permission denied", "out"), "error: out: Permission denied\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_bad_input_and_files_become_one_line_and_code_2(error, told, monkeypatch, capsys):
    monkeypatch.setattr(cli, "run", failing(error))
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 2 and capsys.readouterr().err == told


@pytest.mark.parametrize("error", [OSError(104, "Connection reset by peer"), KeyError("fid")])
def test_a_fault_of_ours_keeps_its_traceback(error, monkeypatch):
    monkeypatch.setattr(cli, "run", failing(error))
    with pytest.raises(type(error)):
        cli.main([])


def test_a_warning_is_a_line(monkeypatch):
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    monkeypatch.setattr(cli, "run", lambda words: 0)
    with pytest.raises(SystemExit):
        cli.main([])
    told = warnings.formatwarning(UserWarning("tables\n are not kept"), UserWarning, "a.py", 1)
    assert told == "note: tables are not kept\n"
