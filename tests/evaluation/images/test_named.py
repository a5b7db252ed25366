"""Are the images that a person names those that are read, and is what they are not refused?"""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from scaling.data import DataSpec, load_data
from scaling.evaluation.images.named import (
    check_colours,
    images_of,
    load_images,
    load_target,
    lost_in_writing,
    other_size,
    reference_source,
    same_images,
)
from scaling.evaluation.images.read import ImageFolder
from scaling.evaluation.images.real_images import tensor_images
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


def test_a_folder_of_a_data_sets_name_is_said_to_be_one(work, monkeypatch):
    (work / "folder").rename(work / "digits")
    monkeypatch.chdir(work)
    assert "for the data set of its name say digits:train" in reference_source("digits").told
    assert reference_source(str(work / "digits")).told is None
    assert reference_source("digits:train").count > 3


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
    with pytest.raises(
        ValueError, match="crops the images of a folder or an archive to the samples'"
    ):
        reference_source(str(work / "folder"), (8, 6))


KINDS = {
    "set.zip": "set.zip cannot be read as a zip",
    "set.tar.gz": "set.tar.gz cannot be read as a tar",
    "set.7z": "neither a folder nor an archive of images|is no .npz, .npy, folder, archive or",
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


def test_a_place_without_images_says_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as file:
        file.writestr("notes.txt", "none")
    for place in (tmp_path, tmp_path / "set.zip"):
        with pytest.raises(
            ValueError, match=r"holds no images \(1 files: 0 images; left out 1: .tx"
        ):
            load_images(place)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "parquet", "folder of zips"])
def test_images_of_an_archive_are_those_of_a_folder(tmp_path, kind):
    folder = ImageFolder(written(tmp_path / "folder"))
    place = packed(tmp_path / "folder", tmp_path, kind)
    for found in (load_images(place), load_images(tmp_path / "packed")):
        assert len(found) == 4 and found.size == (8, 8)
        assert torch.equal(found.read(torch.arange(4)), folder.read(torch.arange(4)))
    told = load_images(place).told
    assert told is None if kind == "parquet" else told.endswith("left out 1: .txt 1")
    real, as_files = reference_source(str(place)), reference_source(str(tmp_path / "folder"))
    assert torch.equal(real.read(torch.tensor([2])), as_files.read(torch.tensor([2])))
    assert real.content == reference_source(str(place)).content != as_files.content
    cropped = reference_source(str(place), (4, 4))
    assert cropped.read(torch.tensor([0])).shape == (1, 3, 4, 4)


def written(folder: Path) -> Path:
    (folder / "b").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.png", "b/0.png", "b/1.png", "c.png"):
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    return folder


def packed(folder: Path, where: Path, kind: str) -> Path:
    """The files of ``folder`` as an archive, which is alone in its folder."""
    place = where / "packed"
    place.mkdir()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if kind == "parquet":
        images = [{"bytes": path.read_bytes()} for path in files if path.suffix == ".png"]
        pq.write_table(pa.table({"image": images}), place / "set.parquet")
        return place / "set.parquet"
    if kind == "folder of zips":
        for i, part in enumerate((files[:2], files[2:])):
            with zipfile.ZipFile(place / f"{i}.zip", "w") as file:
                for path in part:
                    file.write(path, path.relative_to(folder))
        return place
    made = shutil.make_archive(
        str(place / "set"), {"tar.gz": "gztar"}.get(kind, kind), root_dir=folder
    )
    return Path(made)


def test_files_of_several_frames_are_told_of_samples_and_references(tmp_path):
    folder = written(tmp_path / "folder")
    frames = [Image.new("RGB", (8, 8), (level, 0, 0)) for level in (10, 20)]
    frames[0].save(folder / "c.png", save_all=True, append_images=frames[1:])
    says = "1 file holds several frames, of which the first is taken: c.png; for all of them"
    images = load_images(folder)
    assert says in images.told and says in lost_in_writing(images)
    assert says in reference_source(str(folder)).told
    assert images.read(torch.tensor([3]))[0, 0].unique().tolist() == [10]


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ValueError, match="there is no such file"):
        reference_source(str(tmp_path / "set.npy"))


def test_a_palette_is_told_and_a_sets_own_images_are(tmp_path):
    folder = written(tmp_path / "folder")
    images, source = load_images(folder), reference_source(str(folder))
    before = images.read(torch.arange(4))
    assert lost_in_writing(images) is None
    assert "the 4 samples that were looked at are the reference's own" in same_images(
        images, source
    )
    for path in folder.rglob("*.png"):
        Image.open(path).quantize(16).save(path)
    coarse = load_images(folder)
    assert same_images(coarse, tensor_images("x", before)) is None
    assert "4 of 4 samples have a palette of 256 colours" in lost_in_writing(coarse)
    assert same_images(coarse, tensor_images("x", before[:3])) is None


def test_twelve_bits_of_sixteen_are_told(tmp_path):
    levels = np.arange(64, dtype=np.uint16).reshape(8, 8) * 65
    for factor, told in ((1, True), (16, False)):
        (tmp_path / str(factor)).mkdir()
        for i in range(3):
            Image.fromarray(levels * factor).save(tmp_path / str(factor) / f"{i}.png")
        images = load_images(tmp_path / str(factor))
        assert ("nowhere lighter than 16 of 255" in (images.told or "")) is told
        assert (lost_in_writing(images) is not None) is told
