"""A small network of each of the suite's families, on 8x8 images of one channel and ten classes."""

from scaling.study import ModelSpec
from scaling.study.families import AddedUNet, LatentUNet, MMDiT, PixArt, PixelUNet, RaisedUNet
from scaling.study.network import Network

DIGITS = {"input_size": 8, "channels": 1, "num_classes": 10}
_CONVOLVED = {"width": 8, "multipliers": (1, 2), "blocks": 1, "attention": (4,), "groups": 4}
_TOLD = {"text_tokens": 3, "text_width": 24}
TINY: dict[str, Network] = {
    "dit": ModelSpec(**DIGITS, patch=4, width=16, depth=1, heads=2),
    "ldm": LatentUNet(**DIGITS, **_CONVOLVED, heads=2, context_width=12),
    "adm": PixelUNet(**DIGITS, **_CONVOLVED, head_channels=4),
    "ddpm": AddedUNet(**DIGITS, **_CONVOLVED, head_channels=4),
    "adm-u": RaisedUNet(
        **DIGITS,
        **_CONVOLVED,
        head_channels=4,
        small_size=4,
        base_width=8,
        base_multipliers=(1, 1.5),
        base_blocks=1,
        base_attention=(2,),
    ),
    "sd3": MMDiT(**DIGITS, **_TOLD, depth=2, head_width=8, pooled_width=12),
    "pixart": PixArt(**DIGITS, **_TOLD, width=16, depth=1, heads=2),
}
