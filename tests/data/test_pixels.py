"""Do images of every depth and mode show the same grey, and is one without a range refused?"""

import io

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from scaling.data.crop import opened, read_image
from scaling.data.pixels import rgb, to_8_bits, upright

RAMP = np.linspace(0, 1, 16).reshape(4, 4)
IN_8_BITS = np.rint(RAMP * 255).astype(int)


@pytest.mark.parametrize(
    "name, top", [("uint8", 255), ("uint16", 65535), ("int16", 32767), ("uint32", 2**32 - 1)]
)
def test_integers_are_scaled_by_their_depth(name, top):
    got = to_8_bits((RAMP * top).astype(name))
    assert got.dtype == np.uint8 and np.abs(got.astype(int) - IN_8_BITS).max() <= 1


def test_a_dark_image_stays_dark():
    """200 of 65535 is black, whatever else the image holds."""
    assert to_8_bits(np.full((2, 2), 200, np.uint16)).max() == 1
    assert to_8_bits(np.full((2, 2), 65535, np.uint16)).min() == 255


def test_floats_are_0_to_1_and_clipped_there():
    assert np.array_equal(to_8_bits(RAMP.astype(np.float32)), IN_8_BITS)
    assert to_8_bits(np.array([-0.005, 1.004])).tolist() == [0, 255]
    assert to_8_bits(np.array([True, False])).tolist() == [255, 0]


@pytest.mark.parametrize(
    "values, says",
    [
        (np.array([0.0, 255.0]), "floats are read as 0 to 1.*another range"),
        (np.array([-1.0, 1.0]), "from -1 to 1"),
        (np.array([0.0, np.nan]), "nan or infinity"),
        (np.array([-1, 5]), "from -1 to 5, outside 0"),
        (np.array([0, 4095], np.int32), "up to 4095 of 2147483647.*no range is known"),
        (np.array([1j]), "complex128 values are no pixels"),
    ],
)
def test_values_without_a_range_are_refused(values, says):
    with pytest.raises(ValueError, match=says):
        to_8_bits(values)


def saved(image: Image.Image, kind: str, **options) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return Image.open(buffer)


@pytest.mark.parametrize(
    "kind, values",
    [
        ("PNG", (RAMP * 65535).astype(np.uint16)),
        ("TIFF", (RAMP * 65535).astype(np.uint16)),
        ("PPM", (RAMP * 65535).astype(np.uint16)),
        ("TIFF", (RAMP * (2**31 - 1)).astype(np.int32)),
        ("TIFF", RAMP.astype(np.float32)),
    ],
)
def test_deep_files_show_the_same_grey(kind, values):
    got = np.asarray(rgb(saved(Image.fromarray(values), kind)))
    assert np.abs(got - IN_8_BITS[..., None]).max() <= 1 and got.shape == (4, 4, 3)


def test_tiffs_tag_says_what_is_white():
    values = (RAMP * 65535).astype(np.uint16)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0  # white is zero
    inverse = saved(Image.fromarray(values), "TIFF", tiffinfo=tags)
    assert inverse.tag_v2[262] == 0
    assert np.abs(np.asarray(upright(inverse)) - (255 - IN_8_BITS)).max() <= 1


def test_a_file_without_a_range_is_named(tmp_path):
    Image.fromarray(RAMP.astype(np.float32) * 300).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match=r"a\.tif cannot be read as an image \(float32 values"):
        read_image(tmp_path / "a.tif", 4)


MODES = {
    "1": (lambda i: i.convert("1"), (255, 255, 255)),
    "L": (lambda i: i.convert("L"), (255, 255, 255)),
    "P": (lambda i: i.convert("P"), (255, 255, 255)),
    "CMYK": (lambda i: i.convert("CMYK"), (255, 255, 255)),
    "LA": (lambda i: i.convert("LA"), (255, 255, 255)),
    "RGBA": (lambda i: i.convert("RGBA"), (255, 255, 255)),
}


@pytest.mark.parametrize("mode", MODES)
def test_white_is_white_and_black_black_in_every_mode(mode):
    convert, white = MODES[mode]
    for colour, want in (("white", white), ("black", (0, 0, 0))):
        kind = "TIFF" if mode == "CMYK" else "PNG"
        image = saved(convert(Image.new("RGB", (4, 4), colour)), kind)
        assert rgb(image).getpixel((1, 1)) == want


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "I;16", "L"])
def test_what_is_transparent_lies_over_white(mode):
    black = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    if mode in ("P", "L"):
        image = saved(Image.new(mode, (4, 4), 0), "PNG", transparency=0)
    elif mode == "I;16":
        image = Image.fromarray(np.zeros((4, 4), np.uint16))
        image.info["transparency"] = 0
    else:
        image = saved(black.convert(mode), "PNG")
    assert image.mode == mode and rgb(image).getpixel((1, 1)) == (255, 255, 255)


def test_exif_turns_deep_and_plain_images_alike(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for values in (IN_8_BITS.astype(np.uint8), (RAMP * 65535).astype(np.uint16)):
        Image.fromarray(values).save(tmp_path / "a.png", exif=exif)
        with opened(tmp_path / "a.png") as image:
            got = np.asarray(upright(image))
        assert np.abs(got - np.rot90(IN_8_BITS, -1)).max() <= 1


def test_an_image_too_large_to_open_is_one_line(tmp_path, monkeypatch, recwarn):
    Image.new("L", (40, 40)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    with pytest.raises(ValueError, match=r"a\.png has more than 1,000 pixels.*make it smaller"):
        read_image(tmp_path / "a.png", 8)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert read_image(tmp_path / "a.png", 8).shape == (3, 8, 8)  # without Pillow's warning
