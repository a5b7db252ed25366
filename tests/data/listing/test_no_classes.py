"""Are folders that are no classes refused, and those that only look so taken?"""

import unicodedata
import zipfile

import pytest

from scaling.data.listing import list_images
from tests.data.listing.test_folders import folder_of
from tests.data.pictures import write_kind

COMPOSED, TAKEN_APART = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))


def series(root, *names):
    for name in names:
        write_kind(root / name, "rgb.png", 8, 8)
    return root


@pytest.mark.parametrize(
    "names",
    [
        ("00000/00000.png", "00000/00999.png", "01000/01000.png"),  # FFHQ's
        ("00000/img00000999.png", "00001/img00001000.png"),  # EDM's
        ("000000/000007.png", "001000/001999.png"),  # EDM's samples
    ],
)
def test_parts_of_a_numbered_series_are_a_set_without_classes(tmp_path, names):
    listing = list_images(series(tmp_path / "set", *names))
    found = [path for rows in listing.splits.values() for path, _ in rows]
    assert listing.classes == [] and sorted(found) == sorted(names)
    assert "; without classes" in listing.told
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as file:
        file.writestr("dataset.json", '{"labels": null}')
        for name in names:
            file.write(tmp_path / "set" / name, name)
    packed = list_images(tmp_path / "set.zip")
    assert packed.classes == [] and sum(map(len, packed.splits.values())) == len(names)


@pytest.mark.parametrize(
    "names",
    [
        ("0000/000000.png", "0001/000000.png"),  # frames of clips
        ("0/0999.png", "1/1000.png"),
        ("00000/a.png", "01000/b.png"),
    ],
)
def test_classes_may_have_numbers(tmp_path, names):
    series(tmp_path, *names, *(name.replace(".png", ".x.png") for name in names))
    assert len(list_images(tmp_path).classes) == 2


@pytest.mark.parametrize(
    "paths, says",
    [
        (("images", "masks"), r"images and what is said of them, and no classes; give .*/images$"),
        (("images", "annotations/trimaps"), "and no classes; give .*/images$"),
        (("images/cat", "images/dog", "labels"), "and no classes; give .*/images$"),
        (("trainA", "trainB", "testA"), "splits of domains, as CycleGAN's"),
        (("cat", "cat copy", "dog"), "'cat' and 'cat copy' .* seem to be one class twice"),
        (("cat", "dog", "Dog (1)"), "'dog' and 'Dog \\(1\\)'"),
        (("cat", "cat - Copy (2)"), "one class twice"),
        ((COMPOSED, TAKEN_APART), "accents in two forms of Unicode"),
    ],
)
def test_folders_that_are_no_classes_are_refused(tmp_path, paths, says):
    with pytest.raises(ValueError, match=says):
        list_images(folder_of(tmp_path, *paths))


@pytest.mark.parametrize(
    "classes",
    [["Cat", "cat"], ["cat", "cat 2"], ["A", "a"], ["cat", "images", "masks"], ["depth", "gt"]],
)
def test_classes_that_look_like_it_are_taken(tmp_path, classes):
    assert list_images(folder_of(tmp_path, *classes)).classes == classes


def test_a_class_is_one_however_its_accents_are_written(tmp_path):
    folder_of(tmp_path, f"train/{COMPOSED}", "train/dog", f"val/{TAKEN_APART}")
    listing = list_images(tmp_path)
    assert listing.classes == [COMPOSED, "dog"]
    assert {label for _, label in listing.splits["heldout"]} == {0}


def test_a_class_in_another_case_names_the_one_that_is_meant(tmp_path):
    with pytest.raises(ValueError, match="train has 'Cat': call both alike"):
        list_images(folder_of(tmp_path, "train/Cat", "train/Dog", "val/cat"))
