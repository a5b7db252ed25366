"""Does the small MLP-Mixer mix its patches, and is it what it says?"""

import pytest
import torch

from scaling.evaluation.features.grey.mixer import Block, Mixer


def test_features_are_of_its_width_and_scores_those_of_ten_classes():
    features, logits = Mixer(side=8, patch=2, width=12, depth=2)(torch.zeros(3, 1, 8, 8))
    assert features.shape == (3, 12) and logits.shape == (3, 10)


def test_a_block_mixes_tokens_and_channels_and_adds_to_its_input():
    torch.manual_seed(0)
    block, x = Block(tokens=4, width=6), torch.randn(1, 4, 6, requires_grad=True)
    y = block(x)
    y[0, 0, 0].backward()
    assert y.shape == x.shape and (x.grad != 0).all()  # each token and channel reaches the first
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    assert torch.equal(block(x), x)


def test_an_image_of_another_side_has_other_tokens_and_is_refused():
    with pytest.raises(RuntimeError):
        Mixer(side=8, patch=2, width=12, depth=1)(torch.zeros(1, 1, 12, 12))
