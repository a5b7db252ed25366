"""Does a worker read from its row what was to be encoded, of images and of clips?"""

import hashlib
import json

import pytest

from scaling.data.latents.to_encode import of_clips, of_images, read_row
from tests.data.clips.test_folder import pictures, write_frames, write_video
from tests.data.pictures import write_folder


def through_json(row):
    return json.loads(json.dumps(row))


def test_rows_of_images_are_read_cropped_with_their_digest(tmp_path):
    chosen = of_images(write_folder(tmp_path, per_class=4, width=20, height=12))
    assert chosen.classes == ["class0", "class1"] and set(chosen.splits) == {"train", "heldout"}
    assert not chosen.check(12, 12, False)
    for row in chosen.splits["train"]:
        image, digest = read_row(chosen.folder, through_json(list(row)), (3, 12, 12))
        assert image.shape == (3, 12, 12)
        assert digest == hashlib.sha256((tmp_path / row[0]).read_bytes()).hexdigest()


def test_images_that_are_too_small_or_unreadable_are_told_before(tmp_path):
    chosen = of_images(write_folder(tmp_path, per_class=4, width=20, height=12))
    with pytest.raises(ValueError, match="13"):
        chosen.check(13, 13, False)
    path, _ = chosen.splits["train"][0]
    (tmp_path / path).write_bytes((tmp_path / path).read_bytes()[:10])
    assert [fault["path"] for fault in chosen.check(12, 12, False)] == [path]


def test_rows_of_clips_are_read_from_folders_and_videos(tmp_path):
    images = {"train/a/one": pictures(6, 8, 8), "val/a/two.mkv": pictures(4, 8, 8, seed=1)}
    write_frames(tmp_path / "train/a/one", images["train/a/one"])
    write_video(tmp_path / "val/a/two.mkv", images["val/a/two.mkv"])
    chosen = of_clips(tmp_path, 2)
    assert chosen.told == "2 clips, 5 pieces of 2 frames"
    assert {split: len(rows) for split, rows in chosen.splits.items()} == {"train": 3, "heldout": 2}
    for rows in chosen.splits.values():
        for row in map(through_json, rows):
            clip, _ = read_row(chosen.folder, row, (3, 2, 8, 8))
            begin = row[-1]
            assert (clip == images[row[2]][begin : begin + 2].transpose(3, 0, 1, 2)).all()
