"""Do images survive 8 bits, and are labels checked where data enters?"""

import pytest
import torch

from scaling.data import DataSet, DataSpec, ImageSet, load_data, to_uint8


def test_images_survive_8_bits():
    images = load_data(DataSpec()).train.images
    assert (images.min(), images.max()) == (-1, 1)
    assert torch.equal((to_uint8(images).float() / 255 * 16).round(), (images + 1) * 8)


@pytest.mark.parametrize("label", [-1, 10])
def test_labels_out_of_range_are_refused_where_data_enters(label):
    images = ImageSet(torch.zeros(3, 1, 8, 8), torch.tensor([0, label, 9]))
    with pytest.raises(ValueError, match=f"heldout: label {label} is outside 0 .. 9"):
        DataSet(
            name="mine",
            num_classes=10,
            train=ImageSet(torch.zeros(1, 1, 8, 8), torch.tensor([3])),
            heldout=images,
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
def test_a_keyed_draw_mirrors_the_images_that_it_names(dtype):
    pixels = torch.arange(64).view(4, 1, 4, 4).to(dtype)
    images = ImageSet(pixels, torch.zeros(4).long(), flip=True)
    rows, key = torch.tensor([3, 0, 1, 1]), ("seed", 7)
    flipped = images.flips(4, key)
    assert 0 < flipped.sum() < 4 and torch.equal(flipped, images.flips(4, key))
    drawn, plain = images.batch(rows, key), images.batch(rows)
    assert drawn.dtype == torch.float32
    assert torch.equal(drawn[flipped], plain[flipped].flip(-1))
    assert torch.equal(drawn[~flipped], plain[~flipped])
    assert torch.equal(images.images, pixels)  # what is drawn is a copy
