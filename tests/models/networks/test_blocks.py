"""Do blocks attend and modulate as their formulas say, and is a new one the identity?"""

import pytest
import torch

from scaling.models import build_model
from scaling.models.networks.blocks import BLOCKS, attention, modulate
from scaling.study import ModelSpec
from tests.models.networks.test_dit import TINY

torch.set_num_threads(1)


def test_a_new_adaln_zero_block_is_the_identity():
    spec = ModelSpec(**TINY)
    x, c = torch.randn(3, spec.tokens, spec.width), torch.randn(3, spec.width)
    assert torch.equal(build_model(spec).blocks[0](x, c), x)


def test_attention_weighs_values_by_the_softmax_of_the_products():
    g = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, n, 3, 4, generator=g) for n in (5, 7, 7))  # B, tokens, heads, e
    weights = torch.einsum("bthe,bshe->bhts", q, k).div(4**0.5).softmax(-1)
    expected = torch.einsum("bhts,bshe->bthe", weights, v)
    torch.testing.assert_close(attention(q, k, v), expected)


def test_a_modulation_scales_around_one_and_shifts():
    x, shift, scale = torch.full((1, 2, 3), 4.0), torch.full((1, 1, 3), 0.5), torch.zeros(1, 1, 3)
    assert torch.equal(modulate(x, shift, scale), torch.full((1, 2, 3), 4.5))
    assert torch.equal(modulate(x, shift, scale - 1), torch.full((1, 2, 3), 0.5))


@pytest.mark.parametrize("conditioning", ["adaln-zero", "adaln", "cross-attention"])
def test_a_blocks_output_follows_its_conditioning_and_a_plain_ones_does_not(conditioning):
    def change(name):
        spec = ModelSpec(**TINY, conditioning=name)
        torch.manual_seed(0)
        block = BLOCKS[name](spec)
        x = torch.randn(1, spec.tokens, spec.width)
        c = torch.randn(1, spec.width) if spec.design.adaptive else torch.randn(1, 2, spec.width)
        return (block(x, c) - block(x, -c)).abs().max()

    assert change(conditioning) > 1e-3 and change("in-context") == 0
