"""Do images of more than 8 bits use their range? Those of cameras and microscopes may hold 10, 12
or 14 bits in 16, and are nearly black where all 16 are taken for the range.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from scaling.data.crop import opened
from scaling.data.listing import read_bytes
from scaling.data.pixels import DEEP, upright

LOOKED_AT = 16  # images of a set
DARK = 64  # of 255: what 14 bits of 16 are at most


def told_of_depth(folder: Path, paths: Sequence[str]) -> str:
    """In words, that a listing's images of more than 8 bits all are dark, as far as some of them
    tell; "" where they are not, or there are none.
    """
    step = -(-len(paths) // LOOKED_AT) or 1
    tops = [top for path in paths[::step] if (top := _lightest(folder, path)) is not None]
    if not tops or not 0 < max(tops) <= DARK:
        return ""
    return (
        f"{len(tops)} images of more than 8 bits that were looked at are nowhere lighter than "
        f"{max(tops)} of 255 when all bits are the range: if they hold fewer, as 12 of 16, scale "
        "them"
    )


def _lightest(folder: Path, path: str) -> int | None:
    """The highest level, of 255, of an image of more than 8 bits; None of others, and of one that
    cannot be read, which whoever reads it names.
    """
    try:
        with opened(folder / path, read_bytes(folder, path)) as image:
            return int(np.asarray(upright(image)).max()) if _is_deep(image) else None
    except ValueError:
        return None


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith(DEEP)
