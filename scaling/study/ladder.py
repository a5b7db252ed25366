"""Which shapes do S, B, L and XL name? The rungs of DiT's Table 1 and the names of models."""

import difflib
import re
from typing import NamedTuple


class Shape(NamedTuple):
    depth: int
    width: int
    heads: int


SIZES = {  # DiT, arXiv 2212.09748, Table 1
    "S": Shape(12, 384, 6),
    "B": Shape(12, 768, 12),
    "L": Shape(24, 1024, 16),
    "XL": Shape(28, 1152, 16),
}
PATCHES = (8, 4, 2)
PRESETS = tuple(f"DiT-{size}/{patch}" for size in SIZES for patch in PATCHES)


def size_name(depth: int, width: int, heads: int) -> str:
    """S, B, L or XL where the shape is the paper's, else the depth and width, ``d2w32``."""
    names = {shape: name for name, shape in SIZES.items()}
    return names.get(Shape(depth, width, heads), f"d{depth}w{width}")


def preset_fields(name: str, resolution: int) -> dict:
    """The fields of a model of the paper by name, on f8 latents of ``resolution``-pixel, 1000-class
    images.

    Raises ValueError for a name that is not ``DiT-{S,B,L,XL}/PATCH`` or a resolution that is not a
    multiple of 8.
    """
    match = re.fullmatch(r"DiT-(S|B|L|XL)/([1-9]\d*)", name)
    if not match:
        near = difflib.get_close_matches(name, PRESETS, n=3, cutoff=0.0)
        raise ValueError(f"unknown model {name!r}; nearest: {', '.join(near)}")
    if resolution <= 0 or resolution % 8:
        raise ValueError(
            f"resolution {resolution} is not a positive multiple of 8, the VAE's downsampling "
            "factor"
        )
    return dict(
        input_size=resolution // 8,
        channels=4,
        patch=int(match[2]),
        num_classes=1000,
        **SIZES[match[1]]._asdict(),
    )
