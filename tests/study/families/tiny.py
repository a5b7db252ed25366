"""A small network of each of the suite's families, on 8x8 images of one channel and ten classes."""

from scaling.study import ModelSpec
from scaling.study.families import LatentUNet, PixelUNet, RaisedUNet
from scaling.study.network import Network

DIGITS = {"input_size": 8, "channels": 1, "num_classes": 10}
_CONVOLVED = {"width": 8, "multipliers": (1, 2), "blocks": 1, "attention": (4,), "groups": 4}
TINY: dict[str, Network] = {
    "dit": ModelSpec(**DIGITS, patch=4, width=16, depth=1, heads=2),
    "ldm": LatentUNet(**DIGITS, **_CONVOLVED, heads=2, context_width=12),
    "adm": PixelUNet(**DIGITS, **_CONVOLVED, head_channels=4),
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
}
