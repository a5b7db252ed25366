"""How does an image file become a square of pixels? Upright, RGB, cropped as ADM and DiT do."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")


def read_image(path: Path, size: int, data: bytes | None = None) -> np.ndarray:
    """The image in the file ``path``, cropped: (3, size, size) uint8.

    ``data`` is the file's content, if it has been read already. ValueError names a file that cannot
    be read, and why.
    """
    try:
        with Image.open(path if data is None else io.BytesIO(data)) as image:
            pixels = centre_crop(rgb(ImageOps.exif_transpose(image)), size)
    except UnidentifiedImageError:
        raise ValueError(f"{path} is in no image format that Pillow knows") from None
    # each format's decoder raises its own: OSError, SyntaxError, struct.error, EOFError, ...
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as an image ({type(error).__name__}: {error})"
        ) from None
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def image_size(path: Path, whole: bool = False) -> tuple[int, int] | None:
    """Width and height from the file's header; None if the file is not an image.

    With ``whole`` the pixels are read too, and the result is None if they end early.
    """
    try:
        with Image.open(path) as image:
            size = image.size
            if whole:
                # reads the whole JPEG, but decodes only an eighth of its width and height
                image.draft("RGB", (1, 1))
                image.load()
            return size
    except Exception:  # as in read_image, which gives the reason
        return None


def rgb(image: Image.Image) -> Image.Image:
    """Any mode to RGB: 16-bit grey keeps its upper 8 bits, transparency is put over white."""
    if image.mode.startswith("I"):
        grey = np.asarray(image)
        return Image.fromarray((grey >> 8 if grey.max() > 255 else grey).astype(np.uint8)).convert(
            "RGB"
        )
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def centre_crop(image: Image.Image, size: int) -> np.ndarray:
    """The middle (size, size, 3) of an RGB image, as ADM crops.

    The image is halved with a box filter while it is twice too large, then resized bicubically.
    """
    while min(image.size) >= 2 * size:
        image = image.resize(tuple(x // 2 for x in image.size), resample=Image.Resampling.BOX)
    scale = size / min(image.size)
    image = image.resize(
        tuple(round(x * scale) for x in image.size), resample=Image.Resampling.BICUBIC
    )
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return np.asarray(image)[top : top + size, left : left + size]
