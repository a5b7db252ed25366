"""Are synthetic latents and pixels of the shape that they stand in for, and the same every time?"""

import torch

from scaling.data import DataSpec, load_data


def test_synthetic_latents_are_made_where_none_are_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_DATA", str(tmp_path))
    data = load_data(DataSpec(source="synthetic", size=64))
    assert (data.num_classes, data.train.shape) == (1000, (4, 8, 8))
    assert 0.9 < float(data.train.batch(torch.arange(64)).std()) < 1.1
    written = (tmp_path / "synthetic-64" / "store.json").stat().st_mtime_ns
    assert load_data(DataSpec(source="synthetic", size=64)).content == data.content
    assert (tmp_path / "synthetic-64" / "store.json").stat().st_mtime_ns == written


def test_synthetic_pixels_are_images_in_memory_the_same_every_time():
    data, again = (
        load_data(DataSpec(source="synthetic-pixels", size=32, flip=True)) for _ in range(2)
    )
    assert (data.num_classes, data.train.shape, data.train.images.dtype) == (
        10,
        (3, 32, 32),
        torch.uint8,
    )
    assert torch.equal(data.train.images, again.train.images) and set(
        data.heldout.labels.tolist()
    ) == set(range(10))
    assert 20 < float(data.train.images.float().std()) < 128
