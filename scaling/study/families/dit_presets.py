"""Which transformers did others publish that are a DiT with other fields? SiT, JiT and so on.

Sources: SiT, arXiv 2401.08740. JiT (pixels), 2511.13720, Tables 6 to 8. LightningDiT, 2501.01423,
on latents of VA-VAE. DiT-DH, of RAE, 2510.11690, on latents of DINOv2-B. None of them learns sigma
here: each is trained as a flow. SiT's code has outputs for sigma that it does not use.

Two printed figures of GMACs are counted otherwise; their parameters are met. JiT-B/64 is 27.9, and
30 printed is what the same network costs without the bottleneck of its patch embedding (29.9, but
then with 149 M parameters where 141 are printed). DiT-DH-XL is 161, as each of 256 tokens of the
wide head has a modulation of its own; 146 printed counts it once an image.
"""

from typing import Any, NamedTuple

PAPER_SIZES = {  # depth, width, heads: DiT, arXiv 2212.09748, Table 1
    "S": (12, 384, 6),
    "B": (12, 768, 12),
    "L": (24, 1024, 16),
    "XL": (28, 1152, 16),
}


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
    for size, shape in PAPER_SIZES.items():
        for patch in (8, 4, 2):
            fields = _shape(*shape, patch=patch, channels=4)
            presets[f"SiT-{size}/{patch}"] = Preset(fields, 8, 256)
    for size, (*shape, bottleneck, first) in JIT_SIZES.items():
        for patch, resolution in JIT_RESOLUTIONS.items():
            own = {"patch": patch, "bottleneck": bottleneck, "class_tokens_from": first}
            presets[f"JiT-{size}/{patch}"] = Preset(_shape(*shape, **JIT, **own), 1, resolution)
    xl = _shape(*PAPER_SIZES["XL"], **LIGHTNING, patch=1, channels=32)
    presets["LightningDiT-XL/1"] = Preset(xl, 16, 256)
    for size, shape in PAPER_SIZES.items():
        fields = _shape(*shape, **LIGHTNING, **WIDE_HEAD, patch=1, channels=768)
        presets[f"DiT-DH-{size}"] = Preset(fields, 16, 256)
    return presets


MODERN: dict[str, Preset] = _all()
