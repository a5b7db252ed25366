"""Is DINOv2 read from a local file, at any number of tokens?"""

import pytest
import torch

from scaling.evaluation.features import dinov2
from scaling.evaluation.features.passes import features_of
from scaling.evaluation.features.weights import weights_source

IMAGES = torch.randint(
    0, 256, (24, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """The folder where extractors look for their weights."""
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path))
    return tmp_path


def test_dinov2_from_a_local_file(weights):
    """A small network in the published weights' names, at the position table's size and away from
    it.
    """
    width, side = 64, 37
    g = torch.Generator().manual_seed(0)
    shapes = {
        "cls_token": (1, 1, width),
        "mask_token": (1, width),
        "pos_embed": (1, side * side + 1, width),
        "patch_embed.proj.weight": (width, 3, 14, 14),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for name, shape in (
        ("norm1.weight", (width,)),
        ("norm1.bias", (width,)),
        ("attn.qkv.weight", (3 * width, width)),
        ("attn.qkv.bias", (3 * width,)),
        ("attn.proj.weight", (width, width)),
        ("attn.proj.bias", (width,)),
        ("ls1.gamma", (width,)),
        ("norm2.weight", (width,)),
        ("norm2.bias", (width,)),
        ("mlp.fc1.weight", (4 * width, width)),
        ("mlp.fc1.bias", (4 * width,)),
        ("mlp.fc2.weight", (width, 4 * width)),
        ("mlp.fc2.bias", (width,)),
        ("ls2.gamma", (width,)),
    ):
        shapes[f"blocks.0.{name}"] = shape
    state = {
        name: torch.randn(shape, generator=g) / shape[-1] ** 0.5 for name, shape in shapes.items()
    }
    torch.save(state, weights / weights_source("dinov2-vit-s-14")[0])
    assert features_of(IMAGES[:2], "dinov2-vit-s-14", ("dinov2",))["dinov2"].shape == (2, width)
    net = dinov2.DinoV2(state)
    assert torch.equal(net._positions(side), net.pos_embed)
    assert net._positions(16).shape == (1, 257, width)
