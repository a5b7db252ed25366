"""Which paths are clips, of which class and split, and which are refused with what to do?"""

from collections import Counter
from pathlib import PurePath

import pytest

from scaling.data.clips.layout import Clip, by_split
from scaling.data.listing.walk import Found


def placed(tmp_path, *paths):
    above = {str(folder) for path in paths for folder in PurePath(path).parents} - {"."}
    return by_split(tmp_path, Found(tmp_path, list(paths), sorted(above), Counter()))


def frames(clip: str, count: int = 2) -> list[str]:
    return [f"{clip}/{i}.png" for i in range(count)]


def test_folders_of_splits_stand_above_those_of_classes(tmp_path):
    paths = [*frames("train/b/one"), "train/a/two.mp4", *frames("val/a/three"), "test/a/four.mp4"]
    classes, splits = placed(tmp_path, *paths)
    assert classes == ["a", "b"]
    assert splits == {
        "train": [
            (Clip("train/a/two.mp4", ()), 0),
            (Clip("train/b/one", tuple(frames("train/b/one"))), 1),
        ],
        "heldout": [(Clip("val/a/three", tuple(frames("val/a/three"))), 0)],
    }


def test_without_splits_some_clips_of_each_class_are_held_out(tmp_path):
    clips = [f"{name}/{i}" for name in "ab" for i in range(10)]
    classes, splits = placed(tmp_path, *(path for clip in clips for path in frames(clip)))
    assert classes == ["a", "b"]
    assert sorted(clip.path for rows in splits.values() for clip, _ in rows) == sorted(clips)
    assert {label for _, label in splits["heldout"]} == {0, 1}


def test_without_folders_of_classes_there_are_none(tmp_path):
    classes, splits = placed(tmp_path, *(f"{i}.mp4" for i in range(10)))
    assert classes == [] and {label for rows in splits.values() for _, label in rows} == {0}


def test_classes_and_frames_are_in_the_order_of_their_numbers(tmp_path):
    paths = [f"train/{name}/c/{i}.png" for name in ("10", "9") for i in (10, 9, 1)]
    classes, splits = placed(tmp_path, *paths, *frames("val/9/c"))
    assert classes == ["9", "10"]
    assert splits["train"][0][0].frames == tuple(f"train/9/c/{i}.png" for i in (1, 9, 10))


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "holds no clips: a clip is a folder of its frames"),
        (frames("train/a/one"), "has a folder train and none for held-out clips; add val"),
        ([*frames("train/a/one"), *frames("val/b/one")], "have classes that train lacks: b"),
        (["a/one/0.png", "loose.png"], "loose.png of .* is in no clip"),
        ([*frames("a/one"), *frames("b/one")], "has one clip only, so none can be held out"),
    ],
)
def test_what_is_no_set_of_clips_is_refused(tmp_path, paths, message):
    with pytest.raises(ValueError, match=message):
        placed(tmp_path, *paths)
