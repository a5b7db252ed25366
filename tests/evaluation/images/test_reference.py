"""Are a reference's statistics made once, shared and cached?"""

import os

import numpy as np
import pytest
import torch

from scaling.evaluation.images import reference
from scaling.evaluation.images.real_images import content_of, data_images, tensor_images
from scaling.evaluation.images.reference import Reference
from scaling.study import DataSpec


def test_a_reference_is_computed_once_and_shared(dimmed, tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path))
    passes = []
    collect = reference.collect
    monkeypatch.setattr(
        reference, "collect", lambda *args: (passes.append(args[1]), collect(*args))[1]
    )
    first, again, other = (
        Reference(tensor_images("x", images), "digits-cnn")
        for images in (dimmed, dimmed.clone(), dimmed[:100])
    )
    assert torch.equal(first.gaussian("64").cov, again.gaussian("64").cov)
    assert torch.equal(first.rows("64"), again.rows("64"))
    assert passes == [364]
    other.gaussian("64")
    assert passes == [364, 100] and not [
        name for name in os.listdir(tmp_path / "references") if name.endswith(".tmp")
    ]


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no zip", None], ids=["empty", "no zip", "other"]
)
def test_damaged_statistics_are_computed_again(dimmed, tmp_path, monkeypatch, content):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path))
    images = tensor_images("x", dimmed)
    rows = Reference(images, "digits-cnn").rows("64")
    cov = Reference(images, "digits-cnn").gaussian("64").cov
    for path in (tmp_path / "references").glob("*.npz"):
        if content is None:
            np.savez(path, rows=np.zeros(3), mean="word", cov=np.zeros((2, 2)), root=np.zeros(1))
        else:
            path.write_bytes(content)
    again = Reference(images, "digits-cnn")
    assert torch.equal(again.gaussian("64").cov, cov) and torch.equal(again.rows("64"), rows)


def test_a_choice_of_images_is_the_same_each_time_and_none_is_there_twice(dimmed):
    images = tensor_images("x", dimmed)
    chosen = images.first(50)
    assert torch.equal(chosen, images.first(50)) and len(chosen.unique()) == 50
    assert torch.equal(chosen, chosen.sort().values)
    assert torch.equal(images.first(None), torch.arange(364))
    assert torch.equal(images.first(1000), torch.arange(364))


def test_content_tells_pixels_and_shapes_apart(dimmed):
    flat = dimmed.view(364, 1, 4, 16)
    assert content_of(dimmed) == content_of(dimmed.clone())
    assert len({content_of(images) for images in (dimmed, dimmed[:100], flat)}) == 3


def test_latents_without_a_decoder_are_no_images():
    with pytest.raises(
        ValueError, match=r"synthetic data holds no images to compare with; set .*decoder"
    ):
        data_images(DataSpec(source="synthetic", size=32), "train")
