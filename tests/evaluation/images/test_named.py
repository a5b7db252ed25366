"""Are the images that a person names those that are read, and is what they are not refused?"""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.data import DataSpec, load_data
from scaling.evaluation.images.named import (
    check_colours,
    images_of,
    load_images,
    load_target,
    other_size,
    reference_source,
)
from scaling.study.specs.weights import WeightsSpec
from tests.data.pictures import write_kind


@pytest.fixture
def work(tmp_path):
    """Three RGB images of 8 x 6 pixels as a folder, the same as an .npy and an .npz."""
    for i in range(3):
        write_kind(tmp_path / "folder" / f"{i}.png", "rgb.png", 8, 6)
    images = load_images(tmp_path / "folder").read(torch.arange(3))
    pixels = images.permute(0, 2, 3, 1).numpy()
    np.save(tmp_path / "a.npy", pixels)
    np.savez(tmp_path / "a.npz", arr_0=pixels)
    np.savez(tmp_path / "statistics.npz", mu=np.zeros(2), sigma=np.eye(2))
    return tmp_path


def test_a_folder_an_npy_and_an_npz_are_the_same_images(work):
    rows = torch.arange(3)
    first = load_images(work / "folder").read(rows)
    assert first.shape == (3, 3, 6, 8)
    for name in ("a.npy", "a.npz"):
        assert torch.equal(load_images(work / name), first)
    for name in ("folder", "a.npy", "a.npz"):
        assert torch.equal(images_of(reference_source(str(work / name))).read(rows), first)


def test_a_data_set_is_named_with_or_without_its_subset():
    data = load_data(DataSpec())
    for name, images in (("digits", data.train), ("digits:heldout", data.heldout)):
        source = reference_source(name)
        assert source.count == len(images)
        assert torch.equal(source.read(torch.tensor([1])), images.uint8[1:2])
    with pytest.raises(ValueError, match=r"data sets: .*digits.*, each with :heldout"):
        reference_source("digits:other")


def test_what_holds_no_images_is_no_target_and_cannot_be_written(work):
    for read in (load_images, lambda path: images_of(reference_source(str(path)))):
        with pytest.raises(ValueError, match=r"holds statistics but no images \(arr_0\)"):
            read(work / "statistics.npz")
    with pytest.raises(ValueError, match="--heads is said of weights"):
        load_target(work / "folder", WeightsSpec(heads=2), None)


def test_colours_must_agree_and_sizes_are_told(work):
    source = reference_source(str(work / "folder"))
    check_colours(Path("x"), 3, "folder", source)
    with pytest.raises(ValueError, match="x are grey, those of the reference folder RGB"):
        check_colours(Path("x"), 1, "folder", source)
    assert other_size(source, (8, 6)) is None
    assert "samples are 6x8 pixels, reference images 8x6" in other_size(source, (6, 8))
    with pytest.raises(ValueError, match="crops the images of a folder to the samples' square"):
        reference_source(str(work / "folder"), (8, 6))


KINDS = {
    "set.zip": "unpack it, and give the folder",
    "set.tar.gz": "unpack it, and give the folder",
    "a.png": "it is one image; give a folder of them",
    "stylegan.pkl": "a pickle could run code; write its mu and sigma",
}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_no_set_of_images_says_the_next_step(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04")
    if name.endswith(".png"):
        Image.new("L", (8, 8)).save(tmp_path / name)
    for read in (load_images, lambda path: reference_source(str(path))):
        with pytest.raises(ValueError, match=KINDS[name]):
            read(tmp_path / name)


def test_a_folder_of_archives_says_so(tmp_path):
    (tmp_path / "set.zip").touch()
    with pytest.raises(ValueError, match=r"holds no images .*; unpack the archives"):
        load_images(tmp_path)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ValueError, match="there is no such file"):
        reference_source(str(tmp_path / "set.npy"))
