"""Are classes and splits those that a person means by their folders, and is doubt refused?"""

import pytest

from scaling.data.listing import list_images
from tests.data.pictures import write_kind


def folder_of(root, *paths, count=2):
    for path in paths:
        for i in range(count):
            write_kind(root / path / f"{i}.png", "rgb.png", 8, 8)
    return root


@pytest.mark.parametrize(
    "train, held",
    [
        ("train", "val"),
        ("Training", "VALID"),
        ("training_set", "test_set"),
        ("train2017", "validation-images"),
        ("train", "validate"),
        ("Training", "Evaluation"),
        ("TRAIN", "held_out"),
        ("train_64x64", "valid_64x64"),
        ("ILSVRC2012_img_train", "ILSVRC2012_img_val"),
        ("imagenet_train", "imagenet_test"),
    ],
)
def test_splits_are_known_by_name_in_any_case(train, held, tmp_path):
    folder_of(tmp_path, f"{train}/cat", f"{train}/dog", f"{held}/dog")
    listing = list_images(tmp_path)
    assert listing.classes == ["cat", "dog"]
    assert listing.splits["heldout"] == [(f"{held}/dog/0.png", 1), (f"{held}/dog/1.png", 1)]
    assert len(listing.splits["train"]) == 4 and listing.told == "6 files: 6 images"


def test_validation_goes_before_test_and_the_rest_is_counted(tmp_path):
    folder_of(tmp_path, "train/a", "train/b", "valid/a", "test/a", "masks/a")
    listing = list_images(tmp_path)
    assert listing.splits["heldout"][0] == ("valid/a/0.png", 0)
    assert listing.told == "10 files: 6 images; left out 4: images in other folders 4"


def test_without_a_held_out_split_some_of_train_is_held_out(tmp_path):
    folder_of(tmp_path, "train/a", "train/b")
    listing = list_images(tmp_path)
    assert listing.classes == ["a", "b"]
    assert [len(listing.splits[name]) for name in ("train", "heldout")] == [2, 2]


def test_images_in_no_folder_are_a_set_without_classes(tmp_path):
    flat = list_images(folder_of(tmp_path / "flat", "", count=41))
    assert flat.classes == [] and flat.told == "41 files: 41 images; without classes"
    assert {label for rows in flat.splits.values() for _, label in rows} == {0}
    assert [len(flat.splits[name]) for name in ("train", "heldout")] == [38, 3]  # one in 20
    split = list_images(folder_of(tmp_path / "split", "train", "valid", "docs"))
    assert split.classes == [] and split.splits["heldout"] == [
        ("valid/0.png", 0),
        ("valid/1.png", 0),
    ]
    assert split.told.startswith("6 files: 4 images") and split.told.endswith("without classes")
    one = folder_of(tmp_path / "one", "", count=1)
    with pytest.raises(ValueError, match=r"^/.*/one has one image only, so none can be held out"):
        list_images(one)


def test_a_class_may_be_called_as_a_split_is_which_is_said(tmp_path):
    listing = list_images(folder_of(tmp_path, "bus", "plane", "train"))
    assert listing.classes == ["bus", "plane", "train"]
    assert listing.told == "6 files: 6 images; taken for classes: train"


def test_a_class_may_keep_its_images_in_one_folder_as_tiny_imagenet_does(tmp_path):
    folder_of(tmp_path, "train/n01/images", "train/n02/images")
    (tmp_path / "train" / "n01" / "n01_boxes.txt").touch()
    listing = list_images(tmp_path)
    assert listing.classes == ["n01", "n02"]
    assert listing.told == "5 files: 4 images; left out 1: .txt 1"


@pytest.mark.parametrize(
    "paths, says",
    [
        (
            ("train/a", "train/b", "val"),
            r"the 2 images of .*val are in no class: .*move .*val away",
        ),
        (("train", "valid/a"), "valid has classes that train lacks, such as 'a'"),
        (("faces",), r"1 classes \(faces\).*, or give .*/faces, as a set without classes$"),
        (("val/a", "test/a"), "has test and val but no train"),
        (("train/a", "train/b", "Val/a", "valid/a"), "2 heldout splits, Val and valid"),
        (("a/x", "a/y", "b/x", "b/y"), r"class folder .*/a holds only folders \(x, y\), no images"),
        (("set/train/a", "set/train/b", "set/val/a"), r"1 classes \(set\).*or give .*/set$"),
        (("train/a", "train/b", "val/c"), "classes that train lacks, such as 'c'"),
    ],
)
def test_what_leaves_a_class_or_a_split_in_doubt_is_refused(paths, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        list_images(folder_of(tmp_path, *paths))


def test_an_empty_split_and_an_empty_class_say_what_was_left_out(tmp_path):
    folder_of(tmp_path, "train/a", "train/b")
    (tmp_path / "val" / "a").mkdir(parents=True)
    (tmp_path / "val" / "a" / "0.heic").touch()
    with pytest.raises(ValueError, match=r"split .*val holds no image \(left out: .heic 1 .*fill"):
        list_images(tmp_path)
    folder_of(tmp_path, "val/b")
    with pytest.raises(ValueError, match=r"1 of 2 class folders .*such as 'a'"):
        list_images(tmp_path)


def test_a_class_that_only_links_to_another_is_refused(tmp_path):
    folder_of(tmp_path, "a", "b")
    (tmp_path / "c").symlink_to("a")
    with pytest.raises(ValueError, match=r"links to folders counted already 1.*such as 'c'"):
        list_images(tmp_path)


def test_class_folders_that_are_links_are_classes(tmp_path):
    folder_of(tmp_path / "far", "a", "b")
    (tmp_path / "set").mkdir()
    for name in "ab":
        (tmp_path / "set" / name).symlink_to(tmp_path / "far" / name)
    listing = list_images(tmp_path / "set")
    assert listing.classes == ["a", "b"] and len(listing.splits["train"]) == 2


def test_a_file_is_no_folder_and_kinds_of_archives_are_not_mixed(tmp_path):
    (tmp_path / "a.7z").touch()
    with pytest.raises(ValueError, match=r"a\.7z is neither a folder .*\.tar, .*\.parquet"):
        list_images(tmp_path / "a.7z")
    (tmp_path / "a.tar").touch()
    (tmp_path / "b.parquet").touch()
    with pytest.raises(ValueError, match=r"archives of several kinds \(parquet, tar\)"):
        list_images(tmp_path)


def test_a_folder_without_images_says_what_is_there(tmp_path):
    (tmp_path / "train.csv.gz").touch()
    with pytest.raises(ValueError, match=r"0 images outside \(left out: \.gz 1\)"):
        list_images(tmp_path)


def test_the_way_to_the_classes_is_told(tmp_path):
    folder_of(tmp_path / "a", "set/Data/train/cat", "set/Data/train/dog", "set/Data/val/cat")
    with pytest.raises(ValueError, match=r"1 classes \(set\).*, or give .*/a/set/Data$"):
        list_images(tmp_path / "a")
    folder_of(tmp_path / "b", "", "x")
    with pytest.raises(
        ValueError, match=r"tell their classes in a metadata\.csv \(file_name,label\)"
    ):
        list_images(tmp_path / "b")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "all.7z").write_bytes(b"7z")
    with pytest.raises(ValueError, match=r"or unpack the \.7z$"):
        list_images(tmp_path / "c")
    (tmp_path / "c" / "all.7z").rename(tmp_path / "c" / "data.mdb")
    with pytest.raises(ValueError, match=r"or write the images of the \.mdb \(LMDB\) as files$"):
        list_images(tmp_path / "c")
    with pytest.raises(ValueError, match=r"it is LMDB: write its images as files"):
        list_images(tmp_path / "c" / "data.mdb")
    (tmp_path / "c" / "data.mdb").rename(tmp_path / "c" / "all.7z")
    with pytest.raises(ValueError, match=r"all\.7z is neither .*; unpack it, or give its folder"):
        list_images(tmp_path / "c" / "all.7z")
