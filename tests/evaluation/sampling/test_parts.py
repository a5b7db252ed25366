"""Are parts of many samples drawn once each, kept over a kill, and read in order?"""

import pytest
import torch
from filelock import FileLock

from scaling.evaluation.sampling.parts import Parts


def images(rows: range) -> torch.Tensor:
    """Image i is i everywhere."""
    pixels = torch.arange(rows.start, rows.stop, dtype=torch.uint8)
    return pixels.view(-1, 1, 1, 1).expand(-1, 1, 2, 2).contiguous()


@pytest.fixture
def parts(tmp_path) -> Parts:
    parts = Parts(tmp_path / "parts", count=10, size=4)
    assert parts.begin({"seed": 0}) == []
    return parts


def test_each_part_is_drawn_once_and_all_are_read_in_order(parts):
    drawn = []

    def draw(rows):
        drawn.append(rows)
        return images(rows), len(drawn)

    assert parts.draw_one(range(4, 8), draw)
    assert parts.left() == [range(0, 4), range(8, 10)]
    parts.draw(draw)
    parts.draw(draw)
    assert drawn == [range(4, 8), range(0, 4), range(8, 10)] and parts.nonfinite == 1 + 2 + 3
    assert torch.equal(parts.read(torch.arange(10)), images(range(10)))
    assert torch.equal(parts.read(torch.tensor([1, 4, 9])), images(range(10))[[1, 4, 9]])
    parts.clear()
    assert not parts.folder.exists()


def test_what_failed_midway_is_drawn_again(parts):
    def killed(rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parts.draw(killed)
    assert parts.left() == parts.ranges


def test_a_part_that_another_draws_is_left_to_it(parts):
    def unasked(rows):
        raise AssertionError(f"{rows} was drawn twice")

    with FileLock(parts.folder / "part-0-4.lock"):
        assert not parts.draw_one(range(0, 4), unasked)
        parts.draw(lambda rows: (images(rows), 0), wait=False)
    assert parts.left() == [range(0, 4)]


def test_a_folder_begun_for_other_samples_says_what_differs(parts):
    again = Parts(parts.folder, count=10, size=4)
    assert again.begin({"seed": 0}) == [] and again.begin({"seed": 1}) == ["seed"]


def test_a_part_whose_words_are_damaged_is_drawn_again_and_damaged_samples_are_named(parts):
    parts.draw(lambda rows: (images(rows), 0))
    (parts.folder / "part-4-8.json").write_text("[]")
    assert parts.left() == [range(4, 8)]
    parts.draw(lambda rows: (images(rows), 1))
    assert parts.nonfinite == 1
    (parts.folder / "part-0-4.npy").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"part-0-4\.npy is no whole \.npy file .*remove the folder"
    ):
        parts.read(torch.tensor([1]))
    (parts.folder / "asked.json").write_text("3")
    with pytest.raises(ValueError, match=r"asked\.json is no object \(got 3\); remove the folder"):
        parts.begin({"seed": 0})
