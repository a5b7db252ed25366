"""How does an image file become a square of pixels? Upright, RGB, cropped as ADM and DiT do."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from scaling.data.listing.walk import printable
from scaling.data.pixels import DEEP, rgb

# Pillow warns of a large image in two lines, and refuses one of twice that size, which is enough.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


@contextlib.contextmanager
def opened(path: Path, data: bytes | None = None) -> Iterator[Image.Image]:
    """The image in the file ``path``, open while entered.

    ``data`` is the file's content, if it has been read already. ValueError names a file that cannot
    be read, and why, whether that shows at once or while it is decoded.
    """
    name = printable(str(path))
    try:
        with Image.open(path if data is None else io.BytesIO(data)) as image:
            yield image
    except UnidentifiedImageError:
        raise ValueError(
            f"{name} is in no image format that Pillow knows{_instead(path, data)}"
        ) from None
    except Image.DecompressionBombError:
        raise ValueError(
            f"{name} has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels, too many to "
            "open; make it smaller, or remove it"
        ) from None
    # each format's decoder raises its own: OSError, SyntaxError, struct.error, EOFError, ...
    except Exception as error:
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        raise ValueError(f"{name} cannot be read as an image ({kind}{error})") from None


# First bytes of what is found under an image's name -> what it is
NO_IMAGE = {
    b"version https://git-lfs": "it is a pointer of git-lfs: run git lfs pull",
    b"<": "it is a page of HTML or XML: download it again",
    b"\xff\x0a": "it is JPEG XL: convert it",
    b"\0\0\0\x0cJXL": "it is JPEG XL: convert it",
}
HEIF = (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1")


def _instead(path: Path, data: bytes | None) -> str:
    """What a file that is no image is, as far as its first bytes tell: ": it is empty" or ""."""
    if data is None:
        with contextlib.suppress(OSError), open(path, "rb") as file:
            data = file.read(64)
    if data is None:
        return ""
    if not data:
        return ": it is empty"
    if data[4:12].startswith(HEIF):
        return ": it is HEIC: convert it"
    begin = data[:64].lstrip()
    return next((f": {what}" for start, what in NO_IMAGE.items() if begin.startswith(start)), "")


def read_image(path: Path, size: int, data: bytes | None = None) -> np.ndarray:
    """The image in the file ``path``, cropped: (3, size, size) uint8.

    ``data`` is the file's content, if it has been read already. ValueError names a file that cannot
    be read, and why.
    """
    with opened(path, data) as image:
        pixels = centre_crop(rgb(image), size)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def image_size(path: Path, data: bytes | None = None, whole: bool = False) -> tuple[int, int]:
    """Width and height from the file's header. ValueError as ``read_image``.

    With ``whole`` the pixels are read too, so that an image that ends early is refused.
    """
    with opened(path, data) as image:
        size = image.size
        if whole and image.mode.startswith(DEEP):
            rgb(image)  # their values may have no range
        elif whole:
            # reads the whole JPEG, but decodes only an eighth of its width and height
            image.draft("RGB", (1, 1))
            image.load()
        return size


def centre_crop(image: Image.Image, size: int, width: int | None = None) -> np.ndarray:
    """The middle (size, width, 3) of an RGB image, as ADM crops; ``width``: None a square.

    The image is halved with a box filter while it is twice too large, then resized bicubically.
    """
    width = width or size
    while image.height >= 2 * size and image.width >= 2 * width:
        image = image.resize(tuple(x // 2 for x in image.size), resample=Image.Resampling.BOX)
    scale = max(size / image.height, width / image.width)
    image = image.resize(
        tuple(round(x * scale) for x in image.size), resample=Image.Resampling.BICUBIC
    )
    left, top = (image.width - width) // 2, (image.height - size) // 2
    return np.asarray(image)[top : top + size, left : left + width]
