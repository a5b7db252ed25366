"""Are the images, their split, and their order what the docs say?"""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from scaling.data import (
    DataSet,
    DataSpec,
    ImageSet,
    batch_indices,
    check_fits,
    load_data,
    stream,
    to_uint8,
)
from scaling.study import ModelSpec


def test_the_split_is_stratified_complete_and_disjoint():
    data = load_data(DataSpec())
    assert (len(data.train), len(data.heldout)) == (1433, 364)
    share = torch.bincount(data.heldout.labels, minlength=10) / 364
    whole = np.bincount(load_digits().target) / 1797
    assert np.abs(share.numpy() - whole).max() < 0.005
    together = torch.cat([data.train.images, data.heldout.images]).flatten(1).double().sum(0)
    original = torch.from_numpy(load_digits().data / 8 - 1).sum(0)
    assert torch.allclose(together, original, atol=1e-4)


def test_images_survive_8_bits():
    images = load_data(DataSpec()).train.images
    assert (images.min(), images.max()) == (-1, 1)
    assert torch.equal((to_uint8(images).float() / 255 * 16).round(), (images + 1) * 8)


def test_every_epoch_shows_every_image_once_whatever_the_batch():
    for batch in (7, 64, 100):
        rows = torch.cat(
            [batch_indices(100, batch, seed=3, step=s) for s in range(2 * 700 // batch)]
        )
        for epoch in rows[: len(rows) // 100 * 100].view(-1, 100):
            assert torch.equal(epoch.sort().values, torch.arange(100))


def test_the_order_does_not_depend_on_the_batch_and_does_on_the_seed():
    first = torch.cat([batch_indices(50, 10, seed=1, step=s) for s in range(10)])
    assert torch.equal(first, batch_indices(50, 100, seed=1, step=0))
    assert not torch.equal(first, batch_indices(50, 100, seed=2, step=0))


def test_a_stream_depends_on_its_key_alone():
    a = torch.randn(5, generator=stream("noise", 0, 7))
    torch.randn(3)
    assert torch.equal(a, torch.randn(5, generator=stream("noise", 0, 7)))
    assert not torch.equal(a, torch.randn(5, generator=stream("noise", 7, 0)))


def test_a_model_of_another_shape_is_refused_with_both_shapes():
    model = ModelSpec(
        input_size=16, channels=3, patch=2, width=16, depth=1, heads=2, num_classes=10
    )
    with pytest.raises(ValueError, match=r"\(10, 3, 16, 16\).*\(10, 1, 8, 8\)"):
        check_fits(model, DataSpec())


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
