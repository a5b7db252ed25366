"""Is what webdataset and datasets write read as those libraries read it?"""

import io

import datasets
import numpy as np
import pytest
import webdataset
from PIL import Image

from scaling.data.listing import list_images, read_bytes

NAMES = ["cat", "dog", "ape"]


def pixels(i: int) -> np.ndarray:
    return np.full((8, 8, 3), i, np.uint8)


def levels(listing, split: str) -> list[tuple[int, str]]:
    """The grey level of each image, which is its number, and its class."""
    return [
        (
            Image.open(io.BytesIO(read_bytes(listing.folder, path))).getpixel((0, 0))[0],
            listing.classes[label],
        )
        for path, label in listing.splits[split]
    ]


@pytest.mark.parametrize("key", ["{:04d}", "part.v1/{:04d}", "part/img.{:04d}", "{:04d}.v2"])
def test_shards_of_webdataset(tmp_path, key):
    with webdataset.ShardWriter(f"{tmp_path}/toy-train-%06d.tar", maxcount=5, verbose=0) as out:
        for i in range(15):
            sample = {"png": pixels(i), "cls": i % 3, "json": {"caption": "one", "width": 8}}
            out.write({"__key__": key.format(i), **sample})
    with webdataset.TarWriter(f"{tmp_path}/toy-val-000000.tar.gz") as out:
        for i in range(3):
            out.write({"__key__": key.format(i), "png": pixels(50 + i), "json": {"label": i}})
    listing = list_images(tmp_path)
    assert listing.classes == ["0", "1", "2"]
    assert levels(listing, "train") == [(i, str(i % 3)) for i in range(15)]
    assert levels(listing, "heldout") == [(50 + i, str(i)) for i in range(3)]
    if key == "{:04d}":
        theirs = webdataset.WebDataset(
            [f"{tmp_path}/toy-train-{i:06d}.tar" for i in range(3)], shardshuffle=False
        ).decode("rgb8")
        read = [(int(s["png"][0, 0, 0]), str(s["cls"])) for s in theirs]
        assert levels(listing, "train") == read


def test_a_samples_other_images_are_left_out(tmp_path):
    with webdataset.TarWriter(f"{tmp_path}/0.tar") as out:
        for i in range(6):
            sample = {"png": pixels(i), "mask.png": pixels(200), "cls": i % 2, "txt": "a caption"}
            out.write({"__key__": f"{i}", **sample})
    listing = list_images(tmp_path)
    rows = levels(listing, "train") + levels(listing, "heldout")
    assert sorted(rows) == [(i, str(i % 2)) for i in range(6)]
    assert listing.told == "18 files: 6 images; left out 12: .txt 6, other images of a sample 6"


def test_classes_that_cannot_be_told_are_no_classes(tmp_path):
    with webdataset.TarWriter(f"{tmp_path}/0.tar") as out:
        for i in range(4):
            out.write({"__key__": f"{i}", "png": pixels(i), "json": {"label": [i], "class": 0.5}})
    listing = list_images(tmp_path)
    assert listing.classes == [] and listing.told.endswith("; without classes")


@pytest.fixture
def of_datasets():
    def made(first: int, count: int, **features) -> datasets.Dataset:
        images = [Image.fromarray(pixels(i)) for i in range(first, first + count)]
        columns = {"image": images, "label": [i % 3 for i in range(first, first + count)]}
        kinds = {"image": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)} | features
        return datasets.Dataset.from_dict(columns, features=datasets.Features(kinds))

    datasets.disable_progress_bars()
    return made


def said(first: int, count: int) -> list[tuple[int, str]]:
    return [(i, NAMES[i % 3]) for i in range(first, first + count)]


def test_parquet_of_datasets(tmp_path, of_datasets):
    (tmp_path / "data").mkdir()
    for split, first, count in (("train", 0, 12), ("validation", 40, 6)):
        path = tmp_path / "data" / f"{split}-00000-of-00001.parquet"
        of_datasets(first, count).to_parquet(path)
    listing = list_images(tmp_path)
    assert listing.classes == NAMES
    assert levels(listing, "train") == said(0, 12)
    assert levels(listing, "heldout") == said(40, 6)


def test_arrow_of_datasets(tmp_path, of_datasets):
    both = datasets.DatasetDict({"train": of_datasets(0, 12), "test": of_datasets(40, 6)})
    both.save_to_disk(tmp_path / "saved", max_shard_size="1KB")
    listing = list_images(tmp_path / "saved")
    assert listing.classes == NAMES
    assert levels(listing, "train") == said(0, 12)
    assert levels(listing, "heldout") == said(40, 6)


def test_an_imagefolder_that_datasets_reads(tmp_path):
    for i in range(9):
        place = tmp_path / "set" / "train"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels(i)).save(place / f"{i}.png")
    rows = "".join(f"{i}.png,{NAMES[i % 3]}\n" for i in range(9))
    (tmp_path / "set" / "train" / "metadata.csv").write_text(f"file_name,label\n{rows}")
    listing = list_images(tmp_path / "set")
    theirs = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "set"), split="train", cache_dir=str(tmp_path)
    )
    read = sorted((np.asarray(row["image"])[0, 0, 0], row["label"]) for row in theirs)
    assert sorted(levels(listing, "train") + levels(listing, "heldout")) == read
