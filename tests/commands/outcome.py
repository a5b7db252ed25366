"""How does a command leave, and what has it said? A refusal is one line and code 2."""

from pathlib import Path

import pytest

from scaling.cli import main


def outcome(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    return left.value.code or 0, *capsys.readouterr()


def assert_refused(capsys, folder: Path, message: str, *arguments) -> None:
    """It leaves with code 2 and one line that holds ``message``; ``folder`` stays empty."""
    code, _, err = outcome(capsys, *arguments)
    assert code == 2 and message in err
    assert err.count("\n") == 1
    assert not list(folder.iterdir())
