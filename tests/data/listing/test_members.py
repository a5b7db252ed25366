"""Do the members of archives become a listing by their own labels, or by their places?"""

from collections import Counter

import pytest

from scaling.data.listing.members import Members
from scaling.data.listing.splits import Labelled, Placed


def placed(*names: str, split: str | None = None) -> list[Placed]:
    return [Placed("all.zip", name, split) for name in names]


def test_classes_are_the_folders_inside_an_archive(tmp_path):
    names = [f"set/{name}/{i}.png" for name in ("cat", "dog") for i in range(3)]
    listing = Members([], placed(*names), Counter(text=1)).listing(tmp_path, None)
    assert listing.classes == ["cat", "dog"] and "text 1" in listing.told
    assert sorted(path for rows in listing.splits.values() for path, _ in rows) == [
        f"all.zip::{name}" for name in names
    ]


def test_what_an_archive_says_of_its_images_stands_beside_their_places(tmp_path):
    told = [Labelled(f"a.tar::{i}.jpg", "train", "cat") for i in range(2)]
    seen = placed("val/cat/7.png", "train/dog/8.png")
    listing = Members(told, seen, Counter()).listing(tmp_path, None)
    assert listing.classes == ["cat", "dog"]
    assert listing.splits == {
        "train": [("a.tar::0.jpg", 0), ("a.tar::1.jpg", 0), ("all.zip::train/dog/8.png", 1)],
        "heldout": [("all.zip::val/cat/7.png", 0)],
    }


def test_paths_are_of_all_images_in_the_order_of_their_parts():
    members = Members([Labelled("b/x.tar::1.png", None, None)], placed("2.png"), Counter())
    assert members.paths() == ["all.zip::2.png", "b/x.tar::1.png"]


def test_archives_of_one_split_that_is_not_train_are_refused(tmp_path):
    members = Members([], placed("a/1.png", "b/2.png", split="heldout"), Counter())
    with pytest.raises(ValueError, match="none of which is train"):
        members.listing(tmp_path, None)
