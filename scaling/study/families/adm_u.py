"""What is ADM-U? A U-Net at a small size, and a second one that raises it to the full size.

Source: Dhariwal & Nichol, arXiv 2105.05233. Theirs were trained and sampled one after the other.
Here they are one network: the first sees the noisy image at the small size, the second sees the
noisy image beside the first's answer. It costs a step of each, which is what the published Gflops
add up, but its samples are not those of the published pair.
"""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from scaling.study.costs.layers import Layer
from scaling.study.families.adm import HEAD, PixelUNet
from scaling.study.families.adm import SHAPES as ADM_SHAPES
from scaling.study.families.unet import Multipliers, Sides
from scaling.study.network import Depth, Side, Width

if TYPE_CHECKING:
    from torch import nn

BASE = ("width", "multipliers", "blocks", "attention")  # fields that the first has of its own


def _over(base: str, small_size: int, attention: tuple[int, ...]) -> dict:
    """The shape of a released upsampler over the released model ``base``."""
    upsampler = {"width": 192, "multipliers": (1, 1, 2, 2, 4, 4), "blocks": 2, "groups": 32}
    first = {f"base_{field}": ADM_SHAPES[base][field] for field in BASE}
    own = {"attention": attention, "head_channels": HEAD, "small_size": small_size}
    return {**upsampler, **own, **first}


SHAPES = {
    "adm-u-256": _over("adm-64", 64, (32, 16, 8)),
    "adm-u-512": _over("adm-128", 128, (32, 16)),
}


class RaisedUNet(PixelUNet):
    """A pixel U-Net whose input has the answer of another one, ``base``, beside the image."""

    family: Literal["adm-u"] = "adm-u"
    small_size: Side  # pixels a side that ``base`` sees
    base_width: Width
    base_multipliers: Multipliers
    base_blocks: Depth
    base_attention: Sides

    TITLE: ClassVar[str] = "ADM-U"
    PRESETS: ClassVar[tuple[str, ...]] = tuple(SHAPES)
    NAMES: ClassVar[str] = "ADM-U-256"
    SHAPES: ClassVar[dict[str, dict]] = SHAPES

    @model_validator(mode="after")
    def _check_small(self) -> Self:
        if self.input_size % self.small_size or self.input_size == self.small_size:
            raise ValueError(
                f"the small size {self.small_size} does not divide the input size {self.input_size}"
            )
        assert self.base  # its own fields are checked
        return self

    def formats(self) -> dict:
        return {}  # two networks, which no class of diffusers holds

    @property
    def base(self) -> PixelUNet:
        shared = ("channels", "num_classes", "learn_sigma", "groups", "head_channels")
        return PixelUNet(
            input_size=self.small_size,
            **{field: getattr(self, field) for field in shared},
            **{field: getattr(self, f"base_{field}") for field in BASE},
        )

    @property
    def size(self) -> str:
        own = super().size
        return own if self.published_name else f"{own} over {self.base.size} at {self.small_size}"

    def _debug_heads(self) -> dict:
        return {**super()._debug_heads(), "base_width": 8, "base_blocks": 1}

    def build(self) -> "nn.Module":
        from scaling.models.networks.unet import RaisedUNet as Network

        return Network(self)

    def _channels_in(self) -> int:
        return 2 * self.channels

    def layers(self) -> tuple[Layer, ...]:
        return (*self.base.layers(), *super().layers())
