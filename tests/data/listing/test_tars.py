"""Are the images in tars those that were packed, with their classes and splits?"""

import io
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.data import DataSpec, check_data, load_data
from scaling.data.listing import list_images, read_bytes


def png(value: int, side: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (value, value, value)).save(buffer, "PNG")
    return buffer.getvalue()


def tar_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def level(folder, path) -> int:
    return Image.open(io.BytesIO(read_bytes(folder, path))).getpixel((0, 0))[0]


def webdataset(folder, split: str, shards: int, each: int, label=lambda i: i % 3):
    folder.mkdir(exist_ok=True)
    for shard in range(shards):
        members = {}
        for i in range(shard * each, (shard + 1) * each):
            members[f"{i:06d}.png"] = png(i)
            members[f"{i:06d}.cls"] = str(label(i)).encode()
            members[f"{i:06d}.txt"] = b"a caption"
        (folder / f"{split}-{shard:04d}.tar").write_bytes(tar_of(members))
    return folder


def test_webdatasets_shards_give_images_labels_and_splits(tmp_path):
    webdataset(tmp_path, "toy-train", 2, 6)
    webdataset(tmp_path, "toy-val", 1, 3)
    listing = list_images(tmp_path)
    assert listing.classes == ["0", "1", "2"]
    assert listing.told == "30 files: 15 images; left out 15: .txt 15"
    assert [level(tmp_path, path) for path, _ in listing.splits["train"]] == list(range(12))
    assert [label for _, label in listing.splits["heldout"]] == [0, 1, 2]
    assert listing.splits["train"][7] == ("toy-train-0001.tar::000007.png", 1)


def test_labels_of_ten_and_more_keep_the_order_of_numbers(tmp_path):
    webdataset(tmp_path, "train", 1, 24, label=lambda i: i % 12)
    listing = list_images(tmp_path)
    assert listing.classes == [str(i) for i in range(12)]
    rows = listing.splits["train"] + listing.splits["heldout"]
    assert all(level(tmp_path, path) % 12 == label for path, label in rows)
    assert len(listing.splits["heldout"]) == 12


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("json", '{"label": %d}'),
        ("json", '{"key": "a", "target": %d}'),
        ("cls.txt", "%d\n"),
        ("class", "%d"),
        ("label", "%d"),
        ("Class.TXT", "%d"),
    ],
)
def test_a_file_beside_the_image_may_hold_the_label(tmp_path, ending, text):
    members = {}
    for i in range(4):
        members |= {f"{i}.jpg": png(i), f"{i}.{ending}": (text % (i % 2)).encode()}
    (tmp_path / "0.tar").write_bytes(tar_of(members))
    listing = list_images(tmp_path / "0.tar")
    assert listing.classes == ["0", "1"] and listing.told == "4 files: 4 images"


def test_a_label_of_two_images_of_one_sample_is_refused(tmp_path):
    members = {"0.input.png": png(0), "0.output.png": png(1), "0.cls": b"0"}
    (tmp_path / "0.tar").write_bytes(tar_of(members))
    with pytest.raises(ValueError, match=r"2 images, such as 0\.input and 0\.output"):
        list_images(tmp_path / "0.tar")
    own = {}
    for i in range(4):  # each image has a label of its own
        own |= {f"0.{i}.png": png(i), f"0.{i}.cls": b"%d" % (i % 2)}
    (tmp_path / "0.tar").write_bytes(tar_of(own))
    assert list_images(tmp_path / "0.tar").classes == ["0", "1"]


def test_a_label_of_many_lines_is_none(tmp_path):
    members = {"0.jpg": png(0), "0.label": b"1 2\n3 4", "1.jpg": png(1), "1.label": b"5 6\n7 8"}
    (tmp_path / "0.tar").write_bytes(tar_of(members))
    assert list_images(tmp_path / "0.tar").told.endswith(".label 2; without classes")


def test_imagenet_as_it_is_downloaded_a_tar_of_a_tar_per_class(tmp_path):
    inner = {
        f"n{c:02d}.tar": tar_of({f"n{c:02d}_{i}.JPEG": png(10 * c + i) for i in range(3)})
        for c in range(3)
    }
    path = tmp_path / "ILSVRC2012_img_train.tar"
    path.write_bytes(tar_of(inner))
    listing = list_images(path)
    assert listing.classes == ["n00", "n01", "n02"] and listing.folder == tmp_path
    assert [len(listing.splits[name]) for name in ("train", "heldout")] == [6, 3]
    for rows in listing.splits.values():
        assert all(level(tmp_path, name) // 10 == label for name, label in rows)
    assert list_images(tmp_path) == listing
    # its validation images are in no class
    flat = tar_of({f"ILSVRC2012_val_{i:08d}.JPEG": png(i) for i in range(4)})
    (tmp_path / "ILSVRC2012_img_val.tar").write_bytes(flat)
    with pytest.raises(ValueError, match=r"4 of 4 heldout images .*in no class.*val_0000.*away"):
        list_images(tmp_path)
    assert list_images(path) == listing


def test_folders_in_a_tar_and_a_tar_per_class(tmp_path):
    members = {f"./set/../{split}/{c}/{i}.png": png(i) for split in ("train", "val") for c in "ab"
               for i in range(2)}  # fmt: skip
    members |= {"train/a/._0.png": b"litter", "__MACOSX/x.png": b"litter"}
    (tmp_path / "set.tar").write_bytes(tar_of(members))
    listing = list_images(tmp_path)
    assert listing.classes == ["a", "b"] and len(listing.splits["heldout"]) == 4
    assert listing.told == "10 files: 8 images; left out 2: links and hidden names 2"
    for c in "ab":
        (tmp_path / f"{c}.tar").write_bytes(tar_of({f"{i}.png": png(i) for i in range(2)}))
    (tmp_path / "set.tar").unlink()
    assert list_images(tmp_path).classes == ["a", "b"]


def test_of_members_of_one_name_the_last_counts(tmp_path):
    def updated(members):  # as tar -r and a second zip of the same files write them
        buffer = io.BytesIO(tar_of(members))
        with tarfile.open(fileobj=buffer, mode="a") as tar:
            info = tarfile.TarInfo("./a/0.png")
            info.size = len(newer := png(9))
            tar.addfile(info, io.BytesIO(newer))
            link = tarfile.TarInfo("b/0.png")
            link.type, link.linkname = tarfile.LNKTYPE, "b/0.png"
            tar.addfile(link)
        return buffer.getvalue()

    members = {f"{c}/{i}.png": png(i) for c in "ab" for i in range(2)}
    (tmp_path / "set.tar").write_bytes(updated(members))
    listing = list_images(tmp_path / "set.tar")
    assert listing.told.startswith("6 files: 4 images; left out 2: links and hidden names 1, older")
    rows = [path for rows in listing.splits.values() for path, _ in rows]
    assert sorted(level(tmp_path, path) for path in rows) == [0, 1, 1, 9]


@pytest.mark.parametrize("name", ["000.tar", "faces.tar", "faces-train-000.tar"])
def test_a_tar_that_tells_no_classes_is_a_set_without(tmp_path, name):
    (tmp_path / name).write_bytes(tar_of({f"{i}.png": png(i) for i in range(3)}))
    listing = list_images(tmp_path)
    assert listing.classes == [] and listing.told == "3 files: 3 images; without classes"
    rows = [row for split in ("train", "heldout") for row in listing.splits[split]]
    assert sorted(rows) == [(f"{name}::{i}.png", 0) for i in range(3)]


def test_images_of_which_some_are_in_no_class_and_none_at_all_are_refused(tmp_path):
    members = {"a/0.png": png(0), "b/0.png": png(0), "1.png": png(1)}
    (tmp_path / "000.tar").write_bytes(tar_of(members))
    with pytest.raises(ValueError, match=r"1 of 3 train images .*in no class.*000.tar::1.png"):
        list_images(tmp_path)
    (tmp_path / "000.tar").write_bytes(tar_of({"a.txt": b""}))
    with pytest.raises(ValueError, match=r"hold no image \(left out: .txt 1\)"):
        list_images(tmp_path)
    (tmp_path / "000.tar").write_bytes(b"\x1f\x8b not a tar")
    with pytest.raises(ValueError, match=r"000\.tar is damaged \(.*\); get it again"):
        list_images(tmp_path)


def test_a_study_reads_and_checks_them_as_files(tmp_path):
    webdataset(tmp_path, "train", 2, 6)
    spec = DataSpec(source="folder", name="toy", size=8, path=str(tmp_path))
    assert check_data(spec) == f"{tmp_path}: 24 files: 12 images; left out 12: .txt 12"
    data = load_data(spec)
    levels = data.train.read(torch.arange(len(data.train)), torch.zeros(9, dtype=bool))
    assert np.array_equal(levels[:, 0, 0, 0] % 3, data.train.labels)
    assert data.classes == ("0", "1", "2")
    with pytest.raises(ValueError, match=r"12 of 12 images .*smaller than the crop of 9"):
        check_data(spec.model_copy(update={"size": 9}))
    (tmp_path / "train-0001.tar").write_bytes(tar_of({"9.png": b"no image", "9.cls": b"1"}))
    with pytest.raises(ValueError, match=r"1 of 7 files .*train-0001\.tar::9\.png.*no image form"):
        check_data(spec)


def test_a_damaged_cache_and_one_that_cannot_be_written_change_nothing(tmp_path, monkeypatch):
    from scaling.data.listing import tars

    webdataset(tmp_path / "set", "train", 1, 6)
    (tmp_path / "set" / "train-0000.tar").rename(tmp_path / "set" / "TRAIN-0000.TAR")
    monkeypatch.setattr(tars, "cache_folder", lambda name: tmp_path / "cache")
    listing = list_images(tmp_path / "set")
    (cached,) = (tmp_path / "cache").iterdir()
    for spoil in (lambda: cached.write_bytes(b"PAR1"), lambda: cached.unlink()):
        tars._index.cache_clear()
        spoil()
        assert list_images(tmp_path / "set") == listing
    (tmp_path / "cache" / cached.name).unlink()
    (tmp_path / "cache").rmdir()
    (tmp_path / "cache").touch()  # no folder can be made there
    tars._index.cache_clear()
    assert list_images(tmp_path / "set") == listing
    assert level(tmp_path / "set", listing.splits["train"][0][0]) in range(6)
