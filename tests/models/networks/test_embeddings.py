"""Are patches, positions and timesteps embedded as the reference code does?"""

import math

import torch
import torch.nn.functional as F

from scaling.models.networks.embeddings import (
    LabelEmbedder,
    PatchEmbed,
    TimestepEmbedder,
    sincos_positions,
    unpatchify,
)

torch.set_num_threads(1)


def test_patches_are_embedded_as_by_a_convolution_of_that_stride():
    embed, x = PatchEmbed(channels=3, patch=2, width=8), torch.randn(2, 3, 6, 6)
    for parameter in embed.parameters():
        torch.nn.init.normal_(parameter)
    expected = F.conv2d(x, embed.proj.weight, embed.proj.bias, stride=2).flatten(2).transpose(1, 2)
    torch.testing.assert_close(embed(x), expected)


def test_tokens_become_the_image_whose_patches_they_are():
    image = torch.arange(2 * 3 * 4 * 4.0).view(2, 3, 4, 4)
    patches = image.unfold(2, 2, 2).unfold(3, 2, 2)  # (B, C, row, column, y, x)
    tokens = patches.permute(0, 2, 3, 4, 5, 1).reshape(2, 4, 2 * 2 * 3)
    assert torch.equal(unpatchify(tokens, patch=2), image)


def test_positions_tell_columns_in_one_half_and_rows_in_the_other():
    table = sincos_positions(width=8, side=3)[0].view(3, 3, 8)
    assert torch.equal(table[0, :, :4], table[2, :, :4])
    assert torch.equal(table[:, 0, 4:], table[:, 2, 4:])
    slow = 2 * 10_000**-0.5  # the second of two frequencies, at place 2
    expected = [math.sin(2), math.sin(slow), math.cos(2), math.cos(slow)]
    torch.testing.assert_close(table[0, 2, :4], torch.tensor(expected))


def test_a_timestep_is_told_by_the_cosines_and_sines_of_128_frequencies():
    embedder, seen = TimestepEmbedder(width=4), []
    embedder.mlp[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    embedder(torch.tensor([0.0, 999.5]))
    angles = 999.5 * 10_000 ** -(torch.arange(128) / 128)
    expected = torch.stack([torch.ones(128), torch.zeros(128), angles.cos(), angles.sin()])
    torch.testing.assert_close(seen[0].view(4, 128), expected, atol=1e-3, rtol=0)


def test_there_is_one_label_more_than_classes():
    assert LabelEmbedder(num_classes=10, width=4)(torch.tensor([0, 10])).shape == (2, 4)
