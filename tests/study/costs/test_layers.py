"""Does a layer hold what torch's has, multiply what is counted by hand, and keep what it says?"""

import pytest
from torch import nn

from scaling.study import layers
from scaling.study.costs.layers import (
    Attention,
    Convolution,
    Elementwise,
    Embedding,
    Linear,
    Norm,
    Parameter,
    Repeat,
)


@pytest.mark.parametrize(
    "layer, module",
    [
        (Linear(3, 5), nn.Linear(3, 5)),
        (Linear(3, 5, bias=False), nn.Linear(3, 5, bias=False)),
        (Convolution(4, 6, (3, 2), positions=9, groups=2), nn.Conv2d(4, 6, (3, 2), groups=2)),
        (Norm(6, 9, affine=True), nn.LayerNorm(6)),
        (Norm(6, 9), nn.LayerNorm(6, elementwise_affine=False)),
        (Embedding(7, 4), nn.Embedding(7, 4)),
        (Repeat(2, (Linear(3, 3),), 3), nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_parameters_are_those_of_torchs_layer(layer, module):
    assert layer.params == sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    "layer, macs",
    [
        (Linear(3, 5, positions=2), 2 * 3 * 5),
        (Convolution(4, 6, (3, 3), positions=9, groups=2), 9 * 6 * 2 * 9),
        (Attention(queries=2, keys=3, width=4, heads=2), 2 * 2 * 3 * 4),
        (Attention(queries=2, keys=3, width=4, heads=2, value_width=8), 2 * 3 * (4 + 8)),
        (Norm(6, 9, affine=True), 0),
        (Embedding(7, 4), 0),
        (Elementwise(5), 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_product_counts_each_multiplication_once(layer, macs):
    assert layer.macs == macs
    assert layers.macs([layer, Repeat(3, (layer, layer), 1)]) == 7 * macs


def test_what_is_fixed_is_held_and_not_trained():
    parts = (Parameter(8, trained=False), Repeat(2, (Parameter(3),), 1))
    assert (layers.params(parts), layers.fixed(parts)) == (6, 8)


def test_checkpointing_keeps_the_inputs_and_the_dearest_block():
    cheap, dear = (Linear(4, 4, 2), Elementwise(5)), (Elementwise(100),)
    parts = (Linear(1, 1), Repeat(3, cheap, 8), Repeat(2, dear, 1))
    assert layers.kept(parts) == 1 + 3 * (8 + 5) + 2 * 100
    assert layers.kept(parts, activation_checkpointing=True) == 1 + 3 * 8 + 2 * 1 + 100
