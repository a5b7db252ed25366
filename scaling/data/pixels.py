"""Which 8-bit pixels does an image or array of another depth or mode show?

The range of a pixel follows from its type, never from the values of one image: an image must not be
read otherwise because it happens to be dark.

    bool                  0 and 1 are 0 and 255
    integers of b bits    0 .. 2^b - 1 (signed ones 2^(b-1) - 1) are 0 .. 255
    floats                0 .. 1 are 0 .. 255
"""

import numpy as np
from PIL import Image, ImageOps

SLACK = 0.01  # how far beyond 0 .. 1 floats are clipped; further out they have another range
DEEP = ("I", "F")  # Pillow's modes of more than 8 bits begin so
BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339  # TIFF's tags
SIGNED, WHITE_IS_ZERO = 2, 0


def to_8_bits(values: np.ndarray, top: int | None = None) -> np.ndarray:
    """``values`` of any type as uint8, same shape; ``top`` is what integers hold for white.

    ValueError, without a name of what it is about, where the values have no range that their type
    says.
    """
    if values.dtype == np.uint8 and top is None:
        return values
    if values.dtype == bool:
        return values.astype(np.uint8) * 255
    if not values.size:
        return values.astype(np.uint8)
    kind = values.dtype.name
    if values.dtype.kind not in "uif":
        raise ValueError(f"{kind} values are no pixels; save 8- or 16-bit integers")
    low, high = values.min(), values.max()
    if values.dtype.kind == "f":
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError(f"{kind} values with nan or infinity are no pixels; remake it")
        if low < -SLACK or high > 1 + SLACK:
            raise ValueError(
                f"{kind} values from {low:.4g} to {high:.4g}: floats are read as 0 to 1, and these "
                "have another range; scale them to 0..1, or save 8- or 16-bit integers"
            )
        return np.rint(values.clip(0, 1).astype(np.float32) * 255).astype(np.uint8)
    if top is None:
        top = int(np.iinfo(values.dtype).max)
    if low < 0 or high > top:
        raise ValueError(
            f"{kind} values from {low} to {high}, outside 0 to {top}; save 8- or 16-bit integers "
            "that begin at 0"
        )
    if high and top > 65535 and int(high) * 255 < top // 2:
        raise ValueError(
            f"{kind} values up to {high} of {top}: as 8 bits all would be black, so no range is "
            "known; save 8- or 16-bit integers"
        )
    return np.rint(values.astype(np.float64) * (255 / top)).astype(np.uint8)


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF tag says, at 8 bits per channel; grey stays grey.

    ValueError as ``to_8_bits``.
    """
    tags = getattr(image, "tag_v2", {})  # which the turned image does not have
    image = ImageOps.exif_transpose(image)
    return _shallow(image, tags) if image.mode.startswith(DEEP) else image


def _shallow(image: Image.Image, tags) -> Image.Image:
    """A grey image of more than 8 bits with 8; ``tags`` are TIFF's, by number."""
    values, top = np.asarray(image), None
    if image.mode != "F":
        # Without TIFF's tag it is PNG's or PNM's 16 bits, which some of Pillow's releases have as
        # 32-bit integers.
        signed = tags.get(SAMPLE_FORMAT, (1,))[0] == SIGNED
        top = 2 ** (tags.get(BITS, (16,))[0] - signed) - 1
        values = values.view(np.uint32) if top == 2**32 - 1 else values
        if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
            values = top - values.astype(np.int64)
    grey = Image.fromarray(to_8_bits(values, top))
    key = image.info.get("transparency")  # the grey level that is seen through
    if isinstance(key, int):
        grey.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return grey


def rgb(image: Image.Image) -> Image.Image:
    """An upright image of any mode as RGB. What is transparent lies over white."""
    image = upright(image)
    if image.has_transparency_data:
        if image.mode == "La":  # premultiplied, which Pillow turns into LA alone
            image = image.convert("LA")
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
