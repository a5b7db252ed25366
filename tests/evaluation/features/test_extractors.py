"""Which weights does an extractor need, and what if they are missing, damaged or give no scores?"""

import urllib.error

import pytest
import torch

from scaling.cli import main
from scaling.evaluation.features.extractors import features_of, weights_source
from scaling.evaluation.metrics.measure import measure
from scaling.study import DataSpec, Protocol

IMAGES = torch.randint(
    0, 256, (24, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


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


def test_weights_that_are_none(tmp_path, monkeypatch):
    (tmp_path / weights_source("vgg16")[0]).write_bytes(b"not weights")
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path))
    with pytest.raises(
        ValueError, match=r"vgg16-397923af\.pth cannot be read as weights of 'vgg16'"
    ):
        features_of(IMAGES[:1], "vgg16", ("fc2_relu",))
    torch.save({"weight": torch.zeros(2)}, tmp_path / weights_source("dinov2-vit-l-14")[0])
    with pytest.raises(
        ValueError,
        match=r"dinov2_vitl14_pretrain\.pth cannot be read as weights of 'dinov2-vit-l-14'",
    ):
        features_of(IMAGES[:1], "dinov2-vit-l-14", ("dinov2",))
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"\$DIT_SCALING_WEIGHTS is .*nowhere, which is no folder"):
        features_of(IMAGES[:1], "clip-vit-b-32", ("clip",))


def test_scores_where_there_are_none():
    with pytest.raises(ValueError, match="'vgg16' does not give"):
        measure(IMAGES, DataSpec(), Protocol(features="vgg16", metrics=("isc",)))
