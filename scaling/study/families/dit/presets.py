"""Which DiTs were published? The paper's, and others' that are a DiT with other fields.

Sources: DiT, arXiv 2212.09748, Table 1. SiT, 2401.08740. JiT (pixels), 2511.13720, Tables 6 to 8.
LightningDiT, 2501.01423, on latents of VA-VAE. DiT-DH, of RAE, 2510.11690, on latents of DINOv2-B.
None of these four learns sigma here: each is trained as a flow. SiT's code has outputs for sigma
that it does not use.

Two printed figures of GMACs are not met, though their parameters are. JiT-B/64 is 27.9 here and 30
there, which fits the same network without the bottleneck of its patch embedding (29.9, but 149 M
parameters where 141 are printed). DiT-DH-XL is 161 here, as each of 256 tokens of the wide head has
a modulation of its own; 146 there fits one for all of them. Both are read off the arithmetic.
"""

import difflib
import re
from typing import Any, NamedTuple

from scaling.study.network import LATENT_FACTOR, PRESET_RESOLUTION

MLP_RATIO = 4.0  # the paper's
CLASSES, CHANNELS = 1000, 4  # ImageNet's latents, which the paper's are made for


class Shape(NamedTuple):
    depth: int
    width: int
    heads: int


SIZES = {
    "S": Shape(12, 384, 6),
    "B": Shape(12, 768, 12),
    "L": Shape(24, 1024, 16),
    "XL": Shape(28, 1152, 16),
}
DEBUG_SHAPES = {"S": (1, 8), "B": (1, 16), "L": (2, 16), "XL": (2, 24)}  # depth, width
PATCHES = (8, 4, 2)
PAPERS = tuple(f"DiT-{size}/{patch}" for size in SIZES for patch in PATCHES)


class Preset(NamedTuple):
    """A published model: its fields, and the images it was made for."""

    fields: dict[str, Any]
    factor: int  # pixels of an image per pixel of the network's input, each way
    resolution: int  # pixels per image side


def _shape(depth: int, width: int, heads: int, **more) -> dict[str, Any]:
    return {"depth": depth, "width": width, "heads": heads, "learn_sigma": False, **more}


LIGHTNING = {"norm": "rms", "positions": "sincos+rope", "mlp": "swiglu"}
JIT = {**LIGHTNING, "qk_norm": True, "class_tokens": 32, "channels": 3}
# depth, width, heads; bottleneck of the patch embedding; first block with class tokens
JIT_SIZES = {
    "B": (12, 768, 12, 128, 4),
    "L": (24, 1024, 16, 128, 8),
    "H": (32, 1280, 16, 256, 10),
    "G": (40, 1664, 16, 256, 10),
}
JIT_RESOLUTIONS = {16: 256, 32: 512, 64: 1024}  # by patch
WIDE_HEAD = {"head_depth": 2, "head_width": 2048, "head_heads": 16}  # RAE's, for every size


def _all() -> dict[str, Preset]:
    presets = {}
    for size, shape in SIZES.items():
        for patch in PATCHES:
            fields = _shape(*shape, patch=patch, channels=4)
            presets[f"SiT-{size}/{patch}"] = Preset(fields, 8, 256)
    for size, (*shape, bottleneck, first) in JIT_SIZES.items():
        for patch, resolution in JIT_RESOLUTIONS.items():
            own = {"patch": patch, "bottleneck": bottleneck, "class_tokens_from": first}
            presets[f"JiT-{size}/{patch}"] = Preset(_shape(*shape, **JIT, **own), 1, resolution)
    xl = _shape(*SIZES["XL"], **LIGHTNING, patch=1, channels=32)
    presets["LightningDiT-XL/1"] = Preset(xl, 16, 256)
    for size, shape in SIZES.items():
        fields = _shape(*shape, **LIGHTNING, **WIDE_HEAD, patch=1, channels=768)
        presets[f"DiT-DH-{size}"] = Preset(fields, 16, 256)
    return presets


MODERN: dict[str, Preset] = _all()
PRESETS = (*PAPERS, *MODERN)


def preset_fields(name: str, resolution: int) -> dict[str, Any]:
    """The fields of a published DiT on images of ``resolution`` pixels a side, or their latents.

    ValueError for a name that is neither ``DiT-{S,B,L,XL}/PATCH`` nor one of MODERN, or a
    resolution that is not a multiple of the autoencoder's factor.
    """
    match = re.fullmatch(r"DiT-(S|B|L|XL)/([1-9]\d*)", name)
    if match:
        own = {**SIZES[match[1]]._asdict(), "patch": int(match[2]), "channels": CHANNELS}
        factor = LATENT_FACTOR
    elif name in MODERN:
        own, factor = MODERN[name].fields, MODERN[name].factor
    else:
        near = difflib.get_close_matches(name, PRESETS, n=3, cutoff=0.0)
        raise ValueError(f"unknown model {name!r}; nearest: {', '.join(near)}")
    if resolution <= 0 or resolution % factor:
        raise ValueError(
            f"resolution {resolution} is not a positive multiple of {factor}, the VAE's "
            "downsampling factor"
        )
    return {"input_size": resolution // factor, "num_classes": CLASSES, **own}


def resolution_of(name: str) -> int:
    """Pixels per image side that the preset ``name`` was made for."""
    return MODERN[name].resolution if name in MODERN else PRESET_RESOLUTION
