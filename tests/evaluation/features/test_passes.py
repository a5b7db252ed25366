"""Are weights that cannot be read refused when an extractor is built?"""

import pytest
import torch

from scaling.evaluation.features.passes import features_of
from scaling.evaluation.features.weights import weights_source

IMAGE = torch.zeros(1, 3, 12, 12, dtype=torch.uint8)


def test_weights_that_are_none(tmp_path, monkeypatch):
    (tmp_path / weights_source("vgg16")[0]).write_bytes(b"not weights")
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path))
    with pytest.raises(
        ValueError, match=r"vgg16-397923af\.pth cannot be read as weights of 'vgg16'"
    ):
        features_of(IMAGE, "vgg16", ("fc2_relu",))
    torch.save({"weight": torch.zeros(2)}, tmp_path / weights_source("dinov2-vit-l-14")[0])
    with pytest.raises(
        ValueError,
        match=r"dinov2_vitl14_pretrain\.pth cannot be read as weights of 'dinov2-vit-l-14'",
    ):
        features_of(IMAGE, "dinov2-vit-l-14", ("dinov2",))
