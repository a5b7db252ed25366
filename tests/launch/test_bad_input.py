"""Is every mistake one clear line and exit code 2, before anything runs?"""

import pytest

from scaling.cli import main

CASES = {
    "unknown study": (["sweep", "digitz"], "nearest: digits"),
    "no such file": (["sweep", "missing.py"], "no such study file"),
    "unknown key": (["sweep", "smoke", "--set", "train.stepz=1"], "nearest: train.steps"),
    "no value": (["sweep", "smoke", "--set", "train.steps"], "KEY=VALUE"),
    "twice": (["sweep", "smoke", "--set", "train.lr=1", "--set", "train.lr=2"], "twice"),
    "mistyped": (["sweep", "smoke", "--set", "train.steps=many"], "'many'"),
    "zero steps": (["sweep", "smoke", "--set", "train.steps=0"], "train.steps"),
    "zero batch": (["sweep", "smoke", "--set", "train.batch=0"], "train.batch"),
    "patch": (["sweep", "smoke", "--set", "model.patch=3"], "patch 3 does not divide"),
    "heads": (["sweep", "smoke", "--set", "model.heads=5"], "heads 5 do not divide"),
    "data shape": (["sweep", "smoke", "--set", "model.channels=3"], "model.channels"),
    "sampling steps": (["sweep", "smoke", "--set", "evaluate.protocol.sampling_steps=2000"], "2000 sampling steps"),
    "half a GPU too many": (["sweep", "smoke", "--gpus-per-trial", "1.5"], "whole number"),
    "negative GPUs": (["sweep", "smoke", "--gpus-per-trial", "-1"], "-1"),
    "nobody there": (["sweep", "smoke", "--address", "127.0.0.1:1"], "no Ray cluster at 127.0.0.1:1"),
    "not an address": (["sweep", "smoke", "--address", "nonsense"], "HOST:PORT"),
    "status of nothing": (["status", "nowhere"], "holds no study.json"),
    "report of nothing": (["report", "nowhere"], "holds no study.json"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_line_and_exit_code_2(case, tmp_path, monkeypatch, capsys):
    args, says = CASES[case]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(args)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and says in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "results" / "runs").exists()


def test_auto_without_a_cluster_says_how_to_start_one(tmp_path, monkeypatch, capsys):
    """Ray's own refusal, provoked here: a cluster of another test on this machine would answer to "auto"."""
    def nobody(address, **options):
        raise ConnectionError("Could not find any running Ray instance.\nMore lines follow.")

    monkeypatch.setattr("ray.init", nobody)
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "smoke", "--results", str(tmp_path), "--address", "auto"])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and "no Ray cluster at auto" in error and "ray start --head" in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("root", ["file/results", "/proc/nothing"])
def test_a_results_folder_that_cannot_be_written(root, tmp_path, monkeypatch, capsys):
    """Below a file, and where the kernel takes no files: both stop root too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "smoke", "--results", root])
    assert stop.value.code == 2 and "cannot write to the results folder" in capsys.readouterr().err


def test_a_dry_run_prices_every_trial_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "digits", "--dry-run"])
    out = capsys.readouterr().out
    assert stop.value.code == 0 and "12 trials" in out and "training FLOPs" in out
    assert not list(tmp_path.iterdir())
