"""Does a network that stands in a study's own file run like ours, from the file to the report?"""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from scaling.cli import main
from scaling.records import StudyFolder, trial_rows
from scaling.study.network import FAMILIES
from tests.launch.conftest import share
from tests.study.families.outside.someones import write_study

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray apart")]


def command(*args) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(arg) for arg in args])
    return stop.value.code


@pytest.fixture(scope="module")
def swept(tmp_path_factory, connection):
    """The study's file and its results: two networks trained and measured by the shared cluster."""
    folder = tmp_path_factory.mktemp("own")
    study = write_study(folder, "own")
    results = folder / "results"
    with pytest.MonkeyPatch.context() as patch:
        share(connection, patch)
        assert command("sweep", study, "--results", results) == 0
    return study, results / "own"


def test_the_networks_of_the_file_are_trained_and_no_other(swept):
    rows = trial_rows(swept[1])
    assert [(row["model"], row["state"]) for row in rows] == [
        ("Conv-4", "completed"),
        ("Conv-8", "completed"),
    ]
    assert all(row["fid"] > 0 and row["heldout_loss"] > 0 for row in rows)
    by_hand = [64 * (9 * w + 2 * 9 * w * w + w * 2) + w for w in (4, 8)]
    assert [round(row["forward_gmacs"] * 1e9) for row in rows] == by_hand
    assert [row["train_flops"] for row in rows] == [6 * macs * 40 * 32 for macs in by_hand]


def test_the_checkpoints_hold_its_own_weights(swept):
    folder = StudyFolder(swept[1])
    trial = folder.plan().trials[0]
    (weights, *_) = sorted(folder.run(trial.train_id).checkpoints.glob("*/weights.safetensors"))
    assert load_file(weights)["first.weight"].shape == torch.Size([4, 1, 3, 3])


def test_the_report_names_and_draws_it(swept):
    page = (swept[1] / "report.html").read_text()
    assert "Conv-4" in page and "DiT-d" not in page
    assert (swept[1] / "figures" / "fid_vs_gflops.svg").exists()


def test_the_same_command_finds_nothing_to_train(swept, capsys):
    assert command("sweep", swept[0], "--results", swept[1].parent) == 0
    assert "all 2 trials are finished; nothing to train" in capsys.readouterr().out


def test_records_are_read_without_its_code(swept, capsys):
    """As by a report on another machine."""
    family = FAMILIES.pop("own")
    try:
        capsys.readouterr()
        assert command("status", swept[1], "--json") == 0
        assert [row["model"] for row in json.loads(capsys.readouterr().out)] == ["Conv-4", "Conv-8"]
        assert command("report", swept[1]) == 0
    finally:
        FAMILIES["own"] = family


def test_changed_code_is_another_plan(swept, tmp_path, capsys):
    changed = write_study(tmp_path, "own", {"GAIN = 1.0": "GAIN = 0.5"})
    assert command("sweep", changed, "--results", swept[1].parent) == 2
    assert "model.source was" in capsys.readouterr().err


def test_workers_draw_with_its_source(swept, tmp_path, capsys, connection, monkeypatch):
    """Of a run, and of bare weights; each class as often."""
    share(connection, monkeypatch)
    folder = StudyFolder(swept[1])
    run = folder.run(folder.plan().trials[1].train_id).folder
    ask = ["--classes", "3", "5", "--per-class", "2", "--steps", "2", "--network", swept[0]]
    assert command("sample", run, "--out", tmp_path / "a.npy", *ask) == 0
    told = capsys.readouterr().out
    assert "4 samples of Conv-8" in told and "weights: ema-power-0.05 of" in told
    bare = sorted((run / "checkpoints").glob("*/ema-power-0.05.safetensors"))[-1]
    assert command("sample", bare, "--out", tmp_path / "b.npy", *ask) == 0
    first = np.load(tmp_path / "a.npy")
    assert first.shape == (4, 8, 8, 1) and np.array_equal(first, np.load(tmp_path / "b.npy"))
