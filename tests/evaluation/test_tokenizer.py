"""Does a decoder cost the products of its layers, for as many pixels as it makes?"""

import pytest
import torch
from diffusers import AutoencoderKL

from scaling.data import DataSpec
from scaling.evaluation.tokenizer import decoder_gmacs, tokenizer_of
from scaling.study import Protocol


@pytest.fixture(scope="module")
def vae() -> AutoencoderKL:
    """Of factor 2 and 4 channels, without attention, so that every cost is by the pixel."""
    torch.manual_seed(0)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(4, 4),
        norm_num_groups=2,
        layers_per_block=1,
        latent_channels=4,
        mid_block_add_attention=False,
    )


def test_a_decoders_cost_is_that_of_its_convolutions(vae):
    """By hand, in products a place of the latent: 4 x 4 of the 1x1 convolution, 9 x 4 x 4 of each
    3x3 one; of each latent place 4 pixels after the doubling.
    """
    each = 9 * 4 * 4
    low = 16 + each + 4 * each + 4 * each  # post_quant, conv_in, mid: 2 blocks, level of 2 blocks
    high = each + 4 * each + 9 * 4 * 3  # after the doubling: its convolution, 2 blocks, conv_out
    assert decoder_gmacs(vae, 8) == pytest.approx(16 * (low + 4 * high) / 1e9)


def test_it_goes_with_the_pixels_and_leaves_the_decoder_where_it_was(vae):
    one = decoder_gmacs(vae, 8)
    assert decoder_gmacs(vae, 16) == pytest.approx(4 * one)
    assert decoder_gmacs(vae, 8, 16) == pytest.approx(2 * one)
    assert {p.device.type for p in vae.parameters()} == {"cpu"}


def test_pixels_have_no_tokenizer():
    assert tokenizer_of(DataSpec(source="digits"), Protocol()) is None
