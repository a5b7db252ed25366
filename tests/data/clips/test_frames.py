"""Are frames that lack, are there twice or are of another series found by their names?"""

from pathlib import Path

import numpy as np
import pytest

from scaling.data.clips.frames import Run, apart, check_names, missing, runs_of


@pytest.mark.parametrize(
    ("names", "lacks", "runs"),
    [
        (["000.png", "001.png", "003.png"], [2], [Run(0, 2), Run(2, 3)]),
        (["f1.png", "f2.jpg", "f5.png", "f6.png"], [3, 4], [Run(0, 2), Run(2, 4)]),
        (["0.png", "5.png", "10.png"], [], [Run(0, 3)]),
        (["0.png", "5.png", "15.png"], [10], [Run(0, 2), Run(2, 3)]),
        (["3.png", "1.png"], [], [Run(0, 2)]),
        (["7.png"], [], [Run(0, 1)]),
        (["v2_8.png", "v2_9.png", "v2_11.png"], [10], [Run(0, 2), Run(2, 3)]),
        (["a.png", "b.png", "d.png"], [], [Run(0, 3)]),
        (["12-01.png", "12-59.png", "13-00.png"], [], [Run(0, 3)]),  # two numbers, as of a clock
    ],
)
def test_frames_that_lack_cut_a_clip(names, lacks, runs):
    assert missing(names) == (lacks, len(lacks)) and runs_of(names) == runs


@pytest.mark.parametrize(
    ("numbers", "step"),
    [((0, 1, 2), 1), ((0, 2, 4), 2), ((5, 10, 20), 5), ((7,), 1), ((0, 2, 3), 1), ((0, 10, 37), 1)],
)
def test_how_far_numbers_are_apart(numbers, step):
    assert apart([f"{number}.png" for number in numbers]) == step


def test_times_number_no_frames_and_a_gap_of_any_width_is_only_counted():
    """30 frames a second in nanoseconds, as cameras name them: no two steps are alike."""
    rng = np.random.default_rng(0)
    times = 1_403_636_579_763_555_584 + np.cumsum(rng.integers(33_300_000, 33_400_000, 50))
    assert missing([f"{time}.png" for time in times]) == ([], 0)
    assert runs_of([f"{time}.png" for time in times]) == [Run(0, 50)]
    far = ["0.png", "1.png", f"{10**30}.png"]
    assert missing(far) == ([2, 3, 4], 10**30 - 2)
    assert runs_of(far) == [Run(0, 2), Run(2, 3)]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["01.png", "1.png"], r"two frames of one number, 01\.png and 1\.png; remove one"),
        (["1.jpg", "1.png"], r"two frames of one number, 1\.jpg and 1\.png"),
        (["left1.png", "left2.png", "right1.png"], r"2 series, such as left1\.png, right1\.png"),
        (["0.png", "1.png", "cover.png"], r"2 series, such as 0\.png, cover\.png"),
        (["a.jpg", "a.png"], r"two frames of one number, a\.jpg and a\.png"),
    ],
)
def test_frames_that_do_not_follow_one_another_are_refused(names, says):
    with pytest.raises(ValueError, match=rf"the clip /w/c .*{says}"):
        check_names(Path("/w"), "c", names)


def test_names_without_numbers_and_mixed_suffixes_are_frames():
    check_names(Path("/w"), "c", ["a.png", "b.png", "c.jpg"])
    check_names(Path("/w"), "c", ["1.png", "2.jpg"])
