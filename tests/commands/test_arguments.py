"""Is the width of the terminal that of a person's, and not known where there is none?"""

import sys

from scaling.commands.arguments import terminal_width


def test_the_width_is_what_the_environment_says(monkeypatch):
    monkeypatch.setenv("COLUMNS", "77")
    assert terminal_width() == 77


def test_a_file_has_no_width(tmp_path, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    with open(tmp_path / "out", "w") as out:
        monkeypatch.setattr(sys, "__stdout__", out)
        assert terminal_width() is None
