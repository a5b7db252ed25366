"""Is TensorBoard always kept, and is a logger that is not known or not there refused at once?"""

import importlib.util

import pytest

from scaling.cli import main
from scaling.loggers import LOGGERS, asked_loggers


@pytest.fixture
def installed(monkeypatch):
    """Says that every package is there but those added to the set."""
    lacking = set()
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in lacking else object()
    )
    return lacking


def test_tensorboard_is_always_kept(installed):
    assert asked_loggers(None) == ["tensorboard"]
    assert asked_loggers("wandb, mlflow,wandb") == ["tensorboard", "wandb", "mlflow"]


@pytest.mark.parametrize("text", ["neptune", "", "mlflow,", "MLflow"])
def test_a_name_that_is_none_is_refused_with_those_there_are(installed, text):
    with pytest.raises(ValueError, match="is no logger; those are tensorboard, mlflow, wandb"):
        asked_loggers(text)


@pytest.mark.parametrize("name", LOGGERS)
def test_a_package_that_lacks_is_named_with_its_command(installed, name):
    installed.add(name)
    with pytest.raises(ValueError, match=f"pip install {LOGGERS[name].package}$"):
        asked_loggers(name)


@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_a_sweep_refuses_it_before_anything_runs(installed, tmp_path, capsys, dry):
    installed.add("wandb")
    with pytest.raises(SystemExit) as left:
        main(["sweep", "smoke", "--log", "wandb", "--results", str(tmp_path / "r"), *dry])
    assert left.value.code == 2 and not list(tmp_path.iterdir())
    assert capsys.readouterr().err == (
        "error: --log wandb needs a package that is not installed; pip install wandb\n"
    )
