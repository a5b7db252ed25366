"""Which image files do the tests read? One of each common kind, made here: smooth, so that cropping
shows.
"""

from pathlib import Path

import numpy as np
from PIL import Image

KINDS = (
    "rgb.png",
    "rgb.jpg",
    "rgba.png",
    "palette.png",
    "palette.gif",
    "grey.png",
    "grey16.png",
    "bilevel.png",
    "cmyk.jpg",
    "rotated.jpg",
    "rgb.webp",
    "rgb.bmp",
    "rgb.tif",
)


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """A colour gradient with a seeded tint, RGB."""
    y, x = np.mgrid[:height, :width]
    tint = np.random.default_rng(seed).integers(0, 120, 3)
    pixels = np.stack(
        [
            x * 255 // max(width - 1, 1),
            y * 255 // max(height - 1, 1),
            (x + y) * 255 // (width + height),
        ],
        -1,
    )
    return Image.fromarray((pixels // 2 + tint).astype(np.uint8))


def write_kind(path: Path, kind: str, width: int = 70, height: int = 50, seed: int = 0) -> None:
    """The picture as a file of ``kind``; ``rotated.jpg`` is stored turned, with the EXIF tag that
    turns it back.
    """
    image = picture(width, height, seed)
    options = {"quality": 95, "subsampling": 0} if kind.endswith("jpg") else {}
    mode = kind.partition(".")[0]
    if mode == "rgba":
        opaque_left = np.where(np.arange(width) < width // 2, 255, 0).astype(np.uint8)
        image.putalpha(Image.fromarray(np.tile(opaque_left, (height, 1))))
    elif mode == "grey16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    elif mode == "rotated":
        exif = Image.Exif()
        exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
        image, options = image.transpose(Image.Transpose.ROTATE_90), {**options, "exif": exif}
    else:
        image = image.convert(
            {"palette": "P", "grey": "L", "bilevel": "1", "cmyk": "CMYK"}.get(mode, "RGB")
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def write_folder(
    folder: Path, per_class: int = 5, classes: int = 2, width: int = 40, height: int = 36
) -> Path:
    """A folder of ``classes`` class folders with ``per_class`` images each, of every kind in
    turn.
    """
    for i in range(classes * per_class):
        kind = KINDS[i % len(KINDS)]
        stem, suffix = kind.split(".")
        write_kind(
            folder / f"class{i % classes}" / f"{i:03d}-{stem}.{suffix}", kind, width, height, seed=i
        )
    return folder
