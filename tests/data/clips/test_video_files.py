"""Are the frames of a video counted and read by their numbers, and is what is no video named?"""

import wave

import numpy as np
import pytest

from scaling.data.clips.video_files import count_frames, is_video, read_frames
from tests.data.clips.test_folder import pictures, write_video


@pytest.fixture
def video(tmp_path):
    """Five frames of 16x12 pixels, each of another colour, and lossless."""
    write_video(tmp_path / "v.mkv", pictures(5))
    return tmp_path / "v.mkv"


def test_frames_are_read_from_the_one_that_is_named(video):
    assert count_frames(video) == (5, 16, 12)
    read = np.stack([np.asarray(frame) for frame in read_frames(video, 1, 3)])
    assert np.array_equal(read, pictures(5)[1:4])
    assert len(read_frames(video, 0, 5)) == 5 and read_frames(video, 2, 0) == []


@pytest.mark.parametrize(("start", "count"), [(4, 2), (5, 1), (9, 2)])
def test_a_video_that_is_too_short_says_how_many_frames_it_has(video, start, count):
    told = rf"v\.mkv has 5 frames, and frames {start} to {start + count - 1} were there before"
    with pytest.raises(ValueError, match=told):
        read_frames(video, start, count)


def test_a_video_that_changed_is_counted_again(video):
    assert count_frames(video)[0] == 5
    video.unlink()
    write_video(video, pictures(3, seed=1))
    assert count_frames(video)[0] == 3


def test_what_cannot_be_read_as_pictures_is_named(tmp_path):
    assert is_video("a/B.MP4") and is_video("x.gif") and not is_video("mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ValueError, match=r"text\.mp4 cannot be read as a video .*; repair or rem"):
        count_frames(tmp_path / "text.mp4")
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(800))
    (tmp_path / "sound.wav").rename(tmp_path / "sound.avi")
    with pytest.raises(ValueError, match=r"sound\.avi has no pictures; remove it"):
        count_frames(tmp_path / "sound.avi")
