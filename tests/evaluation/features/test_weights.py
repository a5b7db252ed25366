"""Which weights does an extractor need, and what if they are missing?"""

import urllib.error

import pytest
import torch

from scaling.cli import main
from scaling.evaluation.features.weights import weights_of


def no_net(*args, **kwargs):
    raise urllib.error.URLError("no net")


def test_missing_weights_are_found_before_training(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_net)
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "smoke", "--set", "evaluate.protocol.features=inception"])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and len(said.strip().splitlines()) == 1
    for part in (
        "weights-inception-2015-12-05-6726825d.pth",
        "DIT_SCALING_WEIGHTS",
        "efficientnet-lite0",
    ):
        assert part in said
    assert not (tmp_path / "results" / "runs").exists()


def test_a_folder_of_weights_that_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"\$DIT_SCALING_WEIGHTS is .*nowhere, which is no folder"):
        weights_of("clip-vit-b-32")
