"""Is a convolution on the meta device counted by hand, and has its output the shape of torch's?"""

import pytest
import torch
from torch import nn

from scaling.models.counting.count import count_macs
from scaling.models.counting.meta_convolution import traced_convolutions


def test_convolutions_are_counted_on_the_meta_device():
    """Plain, grouped, strided, dilated, padded to the same size, transposed; 1 to 3 dimensions."""

    def macs(layer: nn.Module, *shape: int) -> int:
        return count_macs(layer.to("meta"), (torch.empty(1, *shape, device="meta"),)).macs

    assert macs(nn.Conv2d(3, 8, 3, padding=1), 3, 16, 16) == 16 * 16 * 8 * 3 * 9
    assert macs(nn.Conv2d(8, 8, 3, stride=2, groups=2), 8, 16, 16) == 7 * 7 * 8 * 4 * 9
    assert macs(nn.Conv2d(4, 4, 3, dilation=2), 4, 9, 9) == 5 * 5 * 4 * 4 * 9
    assert macs(nn.Conv2d(4, 4, (2, 4), padding="same"), 4, 14, 14) == 14 * 14 * 4 * 4 * 8
    assert macs(nn.ConvTranspose2d(8, 4, 2, 2), 8, 7, 7) == 7 * 7 * 8 * 4 * 4
    assert macs(nn.Conv1d(2, 3, 5), 2, 20) == 16 * 3 * 2 * 5
    assert macs(nn.Conv3d(2, 3, (1, 2, 2)), 2, 4, 5, 5) == 4 * 4 * 4 * 3 * 2 * 4


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch pads even kernels unevenly
@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=1, dilation=(1, 2), groups=2),
        nn.Conv2d(4, 6, (4, 3), padding="same"),
        nn.Conv1d(4, 2, 5, padding="valid"),
        nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
        nn.ConvTranspose1d(4, 2, 4, stride=3, dilation=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_the_output_has_the_shape_that_torch_gives(layer):
    sides = (9, 8)[: layer.weight.dim() - 2]
    expected = layer(torch.zeros(2, 4, *sides)).shape
    meta = layer.to("meta")
    with traced_convolutions(), torch.no_grad():
        assert meta(torch.zeros(2, 4, *sides, device="meta")).shape == expected
        assert meta(torch.zeros(4, *sides, device="meta")).shape == expected[1:]


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 8, 3), nn.ConvTranspose1d(3, 8, 4, 2)])
def test_one_image_without_a_batch_counts_as_a_batch_of_one(layer):
    x = torch.empty(3, *(9, 8)[: layer.weight.dim() - 2], device="meta")
    layer = layer.to("meta")
    assert count_macs(layer, (x,)).macs == count_macs(layer, (x[None],)).macs
