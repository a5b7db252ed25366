"""Are images of more than 8 bits that hardly use them told from those that do?"""

import numpy as np
import pytest
from PIL import Image

from scaling.data.depth import DARK, told_of_depth


def save(path, highest: int) -> str:
    """A ramp from 0 to ``highest`` in 16 bits."""
    levels = np.linspace(0, highest, 64).reshape(8, 8).astype(np.uint16)
    Image.fromarray(levels).save(path)
    return path.name


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_fewer_bits_in_sixteen_are_told(tmp_path, bits):
    told = told_of_depth(tmp_path, [save(tmp_path / "a.png", 2**bits - 1)])
    assert told.startswith("1 images of more than 8 bits") and "as 12 of 16" in told


def test_one_image_that_uses_the_range_speaks_for_the_set(tmp_path):
    names = [save(tmp_path / "a.png", 2**12 - 1), save(tmp_path / "b.png", 2**16 - 1)]
    assert told_of_depth(tmp_path, names) == ""
    assert told_of_depth(tmp_path, names[:1])


def test_dark_images_of_8_bits_black_ones_and_none_are_nothing_to_tell(tmp_path):
    Image.new("L", (8, 8), DARK // 2).save(tmp_path / "dark.png")
    names = ["dark.png", save(tmp_path / "black.png", 0)]
    assert told_of_depth(tmp_path, names) == told_of_depth(tmp_path, []) == ""


def test_a_file_that_cannot_be_read_is_left_to_who_reads_it(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    assert told_of_depth(tmp_path, ["broken.png"]) == ""
    assert told_of_depth(tmp_path, ["broken.png", save(tmp_path / "a.png", 2**12 - 1)])
