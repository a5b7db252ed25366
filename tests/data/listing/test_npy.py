"""Is an .npy that holds an image read as one, by every command's reader, and another told?"""

import numpy as np
import pytest
from PIL import Image

from scaling.data.crop import image_size, read_image
from scaling.data.folder import check_images
from scaling.data.listing.walk import find_images
from scaling.evaluation.images.read import ImageFolder
from tests.data.pictures import picture

COLOUR = np.asarray(picture(20, 16))
GREY = COLOUR[..., 0]
IMAGES = {
    "rgb": COLOUR,
    "channels first": COLOUR.transpose(2, 0, 1),
    "Fortran's order": np.asfortranarray(COLOUR),
    "grey": GREY,
    "grey with a channel": GREY[..., None],
    "grey, channel first": GREY[None],
    "16 bits": COLOUR.astype(np.uint16) * 257,
    "16 bits, big end first": (GREY.astype(np.uint16) * 257).astype(">u2"),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_an_array_is_the_picture_that_it_shows(tmp_path, kind):
    np.save(tmp_path / "a.npy", IMAGES[kind])
    Image.fromarray(COLOUR if "rgb" in kind or IMAGES[kind].size > 400 else GREY).save(
        tmp_path / "b.png"
    )
    assert find_images(tmp_path).paths == ["a.npy", "b.png"]
    assert image_size(tmp_path / "a.npy", whole=True) == (20, 16)
    assert np.array_equal(read_image(tmp_path / "a.npy", 16), read_image(tmp_path / "b.png", 16))
    folder = ImageFolder(tmp_path)
    assert np.array_equal(*(folder.read(np.array([i]))[0] for i in (0, 1)))


def test_black_and_white(tmp_path):
    np.save(tmp_path / "a.npy", GREY > 60)
    assert np.array_equal(read_image(tmp_path / "a.npy", 16)[0][:, :4], (GREY > 60)[:, 2:6] * 255)


@pytest.mark.parametrize(
    "array, what",
    [
        (np.zeros((4, 32, 32), np.float32), "float32 (4, 32, 32)"),  # a latent
        (np.zeros((32, 32, 3), np.float32), "float32 (32, 32, 3)"),
        (np.zeros(1797, np.int64), "int64 (1797,)"),  # labels
        (np.zeros((100, 2), np.uint8), "uint8 (100, 2)"),
        (np.zeros((10, 32, 32, 3), np.uint8), "uint8 (10, 32, 32, 3)"),  # many images
        (np.zeros((32, 32, 4), np.uint8), "uint8 (32, 32, 4)"),
        (np.array([None]), "object (1,)"),
    ],
)
def test_another_array_is_left_out_by_what_it_is(tmp_path, array, what):
    np.save(tmp_path / "a.npy", array)
    Image.fromarray(COLOUR).save(tmp_path / "b.png")
    found = find_images(tmp_path)
    assert found.paths == ["b.png"] and found.left_out == {f".npy of {what}": 1}


def test_one_beside_a_picture_of_its_name_is_its_mask_or_itself(tmp_path):
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", GREY)
    found = find_images(tmp_path)
    assert found.paths == ["a.png", "b.npy"]
    assert found.left_out == {".npy beside a picture of its name": 1}


def test_one_that_is_cut_off_or_no_array_is_named(tmp_path):
    np.save(tmp_path / "a.npy", COLOUR)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[:-50])
    with pytest.raises(ValueError, match=r"1 of 1 files .* a\.npy .*cannot be read as an image"):
        check_images(tmp_path, ["a.npy"], 8)
    (tmp_path / "a.npy").write_bytes(content[:20])
    assert find_images(tmp_path).left_out == {".npy of damaged arrays": 1}
    (tmp_path / "a.npy").write_bytes(b"no array")
    assert find_images(tmp_path).left_out == {".npy of damaged arrays": 1}
