"""Is the class of an image in an archive the folder that a person means, whatever is above it?"""

import pytest

from scaling.data.listing.splits import Placed, by_places


@pytest.mark.parametrize(
    "archive, names, told",
    [
        ("set.zip", ["a/0.png", "b/0.png"], [(None, "a"), (None, "b")]),
        ("set.zip", ["set/a/0.png", "set/b/0.png"], [(None, "a"), (None, "b")]),
        ("set.zip", ["/data/set/a/0.png", "/data/set/b/0.png"], [(None, "a"), (None, "b")]),
        ("set.zip", ["a\\0.png", "b\\0.png"], [(None, "a"), (None, "b")]),
        ("set.zip", ["set/train/a/0.png", "set/val/a/0.png"], [("train", "a"), ("heldout", "a")]),
        ("set.zip", ["set/train/a/0.png", "set/train/b/0.png"], [("train", "a"), ("train", "b")]),
        ("cat.tar", ["0.png", "1.png"], [(None, "cat"), (None, "cat")]),
        ("cat.tar", ["images/0.png", "images/1.png"], [(None, "images"), (None, "images")]),
        ("x-001.tar", ["0.png", "1.png"], [(None, None), (None, None)]),
    ],
)
def test_a_folder_above_the_classes_tells_none(archive, names, told):
    found = by_places([Placed(archive, name, None) for name in names])
    assert [(image.split, image.name) for image in found] == told
    assert [image.path for image in found] == [f"{archive}::{name}" for name in names]


def test_shards_of_one_set_are_looked_at_together():
    shards = [Placed("s-0.tar", "set/a/0.png", None), Placed("s-1.tar", "set/b/0.png", None)]
    assert [image.name for image in by_places(shards)] == ["a", "b"]
    tars = [Placed("a.tar", "a/0.png", None), Placed("b.tar", "b/0.png", None)]
    assert [image.name for image in by_places(tars)] == ["a", "b"]


def test_an_archive_of_a_split_may_hold_a_folder_of_its_name():
    both = [
        Placed("train.tar", "train/a/0.png", "train"),
        Placed("val.tar", "val/a/1.png", "heldout"),
    ]
    assert [(image.split, image.name) for image in by_places(both)] == [
        ("train", "a"),
        ("heldout", "a"),
    ]
