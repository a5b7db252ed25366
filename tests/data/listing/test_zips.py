"""Are the images in zips those that were packed, with their classes and splits?"""

import io
import json
import zipfile

import pytest
import torch
from PIL import Image

from scaling.data import DataSpec, load_data
from scaling.data.listing import list_images, read_bytes
from scaling.data.listing.zips import read_member
from tests.data.listing.test_tars import level, png


def zip_of(path, members: dict[str, bytes], method=zipfile.ZIP_DEFLATED):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return path


def classes(each: int, first: int = 0) -> dict[str, bytes]:
    return {
        f"{c}/{i}.png": png(first + 10 * k + i) for k, c in enumerate("ab") for i in range(each)
    }


def test_class_folders_in_a_zip_and_what_is_left_out(tmp_path):
    litter = {
        "__MACOSX/a/._0.png": b"x",
        "a/.hidden.png": png(9),
        "readme.txt": b"x",
        "b/raw": png(7),
    }
    place = zip_of(tmp_path / "photos.zip", classes(4) | litter)
    listing = list_images(place)
    assert listing.classes == ["a", "b"]
    assert listing.told == "12 files: 9 images; left out 3: links and hidden names 2, .txt 1"
    rows = listing.splits["train"] + listing.splits["heldout"]
    assert sorted(level(tmp_path, path) for path, label in rows if label == 1) == [
        7,
        10,
        11,
        12,
        13,
    ]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_members_of_one_name_the_last_counts(tmp_path):
    place = zip_of(tmp_path / "photos.zip", classes(2))
    with zipfile.ZipFile(place, "a") as packed:
        packed.writestr("a/0.png", png(9))
    listing = list_images(place)
    assert listing.told == "5 files: 4 images; left out 1: older members of a name 1"
    rows = [path for rows in listing.splits.values() for path, _ in rows]
    assert sorted(level(tmp_path, path) for path in rows) == [1, 9, 10, 11]


def test_zips_of_splits_give_the_same_data_set_as_their_folders(tmp_path):
    for split, first in (("train", 0), ("val", 100)):
        zip_of(tmp_path / "zips" / f"{split}.zip", classes(3, first), zipfile.ZIP_STORED)
        for name, data in classes(3, first).items():
            file = tmp_path / "plain" / split / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    sets = [
        load_data(DataSpec(source="folder", name="x", path=str(tmp_path / kind), size=8))
        for kind in ("zips", "plain")
    ]
    for split in ("train", "heldout"):
        packed, plain = (getattr(data, split) for data in sets)
        assert torch.equal(packed.labels, plain.labels)
        index = torch.arange(len(plain.labels))
        as_stored = torch.zeros(len(index), dtype=torch.bool)
        assert torch.equal(packed.read(index, as_stored), plain.read(index, as_stored))


def test_edms_dataset_json_tells_the_labels(tmp_path):
    members = {f"00000/img{i:08d}.png": png(i) for i in range(24)}
    labels = [[name, i % 12] for i, name in enumerate(members)]
    table = json.dumps({"labels": labels}).encode()
    zip_of(tmp_path / "edm.zip", members | {"dataset.json": table}, zipfile.ZIP_STORED)
    listing = list_images(tmp_path)
    assert listing.classes == [str(i) for i in range(12)]
    rows = listing.splits["train"] + listing.splits["heldout"]
    assert all(level(tmp_path, path) % 12 == label for path, label in rows) and len(rows) == 24


def test_only_the_beginning_of_a_member_is_read_where_that_is_asked_for(tmp_path):
    place = zip_of(tmp_path / "a.zip", classes(2))
    assert read_member(place, "a/0.png", 8) == b"\x89PNG\r\n\x1a\n"
    assert Image.open(io.BytesIO(read_bytes(tmp_path, "a.zip::b/1.png"))).getpixel((0, 0))[0] == 11


@pytest.mark.parametrize(
    "spoil, said",
    [
        (lambda data: data[: len(data) // 2], "cannot be read as a zip .*; if it is cut off, get"),
        (lambda data: data.replace(b"IDAT", b"IDAX", 1), "of .*damaged .*; get it again"),
    ],
    ids=["cut", "changed"],
)
def test_a_damaged_zip_is_refused_by_name(tmp_path, spoil, said):
    place = zip_of(tmp_path / "a.zip", classes(2), zipfile.ZIP_STORED)
    place.write_bytes(spoil(place.read_bytes()))
    with pytest.raises(ValueError, match=said):
        for rows in list_images(place).splits.values():
            for path, _ in rows:
                read_bytes(tmp_path, path)


def test_bombs_other_tables_and_missing_members_are_refused(tmp_path, monkeypatch):
    place = zip_of(tmp_path / "a.zip", {"a/0.png": bytes(10**6), "dataset.json": b"{}"})
    monkeypatch.setattr("scaling.data.listing.zips.MOST_TIMES_FROM", 1000)
    with pytest.raises(ValueError, match="unpacks to more than 100 times that"):
        read_member(place, "a/0.png")
    with pytest.raises(ValueError, match=r"dataset.json of .* has no pairs of an image"):
        list_images(place)
    with pytest.raises(ValueError, match="has no member b; has it changed"):
        read_member(place, "b")
