"""Is a file cropped as ADM crops it, in every common format, and named where it cannot be read?"""

import numpy as np
import pytest
from PIL import Image

from scaling.data.crop import centre_crop, read_image, rgb
from tests.data.pictures import KINDS, picture, write_kind


def adm_center_crop_arr(pil_image, image_size):
    """As in ADM (guided-diffusion, image_datasets.py) and DiT (train.py), word for word."""
    while min(*pil_image.size) >= 2 * image_size:
        pil_image = pil_image.resize(tuple(x // 2 for x in pil_image.size), resample=Image.BOX)
    scale = image_size / min(*pil_image.size)
    pil_image = pil_image.resize(
        tuple(round(x * scale) for x in pil_image.size), resample=Image.BICUBIC
    )
    arr = np.array(pil_image)
    crop_y = (arr.shape[0] - image_size) // 2
    crop_x = (arr.shape[1] - image_size) // 2
    return arr[crop_y : crop_y + image_size, crop_x : crop_x + image_size]


@pytest.mark.parametrize(
    "size", [(32, 32), (33, 40), (63, 200), (64, 64), (500, 375), (141, 129), (20, 31)]
)
def test_the_crop_is_adms(size):
    image = Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    )
    assert np.array_equal(centre_crop(image, 32), adm_center_crop_arr(image, 32))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_shows_the_same_picture(kind, tmp_path):
    write_kind(tmp_path / kind, kind)
    got = read_image(tmp_path / kind, 32)
    assert (got.shape, got.dtype) == ((3, 32, 32), np.uint8)
    plain = centre_crop(picture(70, 50), 32).transpose(2, 0, 1).astype(int)
    off = np.abs(got - plain)
    if kind.startswith("grey"):
        plain = (
            centre_crop(picture(70, 50).convert("L").convert("RGB"), 32)
            .transpose(2, 0, 1)
            .astype(int)
        )
        assert np.abs(got - plain).max() <= 2
    elif kind.startswith("bilevel"):
        assert len(np.unique(got[0] - got[1])) == 1  # grey
    elif kind.startswith("rgba"):
        # what is transparent lies over white
        assert off[:, :, :13].max() == 0 and got[:, :, -12:].min() == 255
    else:
        assert off.mean() < (12 if kind.startswith("palette") else 3)


def test_a_transparent_palette_lies_over_white():
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.info["transparency"] = 0
    assert np.asarray(rgb(image)).min() == 255


def test_a_truncated_image_is_named(tmp_path):
    write_kind(tmp_path / "a.jpg", "rgb.jpg")
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:700])
    with pytest.raises(ValueError, match=r"a.jpg cannot be read as an image"):
        read_image(tmp_path / "a.jpg", 32)
