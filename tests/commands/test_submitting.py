"""Are a command's options handed to the cluster as they were given, and refused before they are?"""

import pytest
from typer.main import get_command

from scaling.cli import app
from scaling.commands.submitting import words_of
from tests.commands.outcome import outcome


@pytest.fixture(scope="module")
def words():
    """A function of the words of a sweep's command: those that its job on the cluster gets."""
    sweep = get_command(app).commands["sweep"]
    return lambda *given: words_of(sweep.make_context("sweep", ["smoke", *given]))


def test_a_sweep_of_defaults_needs_no_words(words):
    assert words() == []


def test_options_are_written_as_they_would_be_by_hand(words):
    given = ["--set", "train.steps=30", "--set", "seeds=2", "--budget", "1.5", "--log", "wandb"]
    assert words(*given) == [
        *("--set=train.steps=30", "--set=seeds=2"),
        *("--log=wandb", "--budget=1.5"),
    ]


def test_they_are_in_the_order_of_the_commands_own_options(words):
    assert words("--budget", "2", "--set", "seeds=2") == words("--set", "seeds=2", "--budget", "2")


def test_what_the_laptop_alone_knows_stays_behind(words):
    given = ["--submit", "--address", "http://head:8265", "--results", "s3://b/r"]
    assert words(*given, "--gpus-per-trial", "2") == ["--gpus-per-trial=2.0"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--dry-run"], "--dry-run looks and --submit begins; give one of them"),
        (["--webhook", "https://hooks.example/secret"], "set $DIT_SCALING_WEBHOOK where"),
        (["--budget", "0"], "budget"),
        (["--gpus-per-trial", "1.5"], "--gpus-per-trial 1.5"),
        (["--set", "train.stepz=3"], "nearest: train.steps"),
        (["--asha", "2"], "asha"),
        (["--min-workers-per-trial", "3"], "--min-workers-per-trial"),
    ],
)
def test_what_the_job_would_refuse_is_refused_before_anybody_is_asked(
    given, message, tmp_path, capsys
):
    where = ["--submit", "--address", "http://127.0.0.1:9", "--results", str(tmp_path / "r")]
    code, _, err = outcome(capsys, "sweep", "smoke", *where, *given)
    assert code == 2 and message in err and err.count("\n") == 1
    assert "secret" not in err and not (tmp_path / "r").exists()
