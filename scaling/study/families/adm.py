"""What is a pixel U-Net? Dhariwal & Nichol's ADM, arXiv 2105.05233: time and class modulate norms.

Its network is diffusers' ``UNet2DModel`` with ADM's settings: residual blocks that also halve and
double the sides, adaptive group norms, attention with heads of 64 channels. The shapes are those of
the authors' released commands.
"""

import re
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from scaling.study.costs.layers import Layer
from scaling.study.families.unet import CLASSES, UNet
from scaling.study.families.unet_parts import Attended, Block, Part, attention_layers
from scaling.study.network import Width

if TYPE_CHECKING:
    from torch import nn

RGB = 3
HEAD = 64  # channels; the released 128-pixel model has 4 heads instead, at the same cost
SHAPES: dict[str, dict] = {
    "adm-64": {"width": 192, "multipliers": (1, 2, 3, 4), "blocks": 3},
    "adm-128": {"width": 256, "multipliers": (1, 1, 2, 3, 4), "blocks": 2},
    "adm-256": {"width": 256, "multipliers": (1, 1, 2, 2, 4, 4), "blocks": 2},
    "adm-512": {"width": 256, "multipliers": (0.5, 1, 1, 2, 2, 4, 4), "blocks": 2},
}
SHAPES = {
    name: {**shape, "attention": (32, 16, 8), "groups": 32, "head_channels": HEAD}
    for name, shape in SHAPES.items()
}


class PixelUNet(UNet):
    """A U-Net whose residual blocks are modulated by the time and the class together."""

    family: Literal["adm"] = "adm"
    head_channels: Width = HEAD  # of every attention

    TITLE: ClassVar[str] = "ADM"
    PRESETS: ClassVar[tuple[str, ...]] = tuple(SHAPES)
    NAMES: ClassVar[str] = "ADM-256 or ADM-w64x1-2-4b2a16-8 (width, multipliers, blocks, sides)"
    SHAPES: ClassVar[dict[str, dict]] = SHAPES
    FORMATS: ClassVar[tuple[str, ...]] = ("diffusers",)

    @classmethod
    def preset(cls, name: str, resolution: int | None = None, **fields) -> Self:
        """ADM's model of ImageNet at the ``resolution`` that its name says, in pixels a side.

        ValueError for another name or another resolution.
        """
        if name not in cls.SHAPES:
            known = ", ".join(cls.SHAPES)
            raise ValueError(f"unknown model {name!r}; presets of this family: {known}")
        side = cls.preset_resolution(name)
        if resolution not in (None, side):
            raise ValueError(f"{name} is made for {side} pixels a side, not {resolution}")
        image = {"input_size": side, "channels": RGB, "num_classes": CLASSES}
        return cls(**{**image, **cls.SHAPES[name], **fields})

    @classmethod
    def preset_resolution(cls, name: str) -> int:
        return int(re.sub(r"\D", "", name))

    def _check_heads(self) -> None:
        for channels in self.attended_channels:
            if channels % self.head_channels:
                raise ValueError(
                    f"heads of {self.head_channels} channels do not divide the {channels} channels"
                )

    def _debug_heads(self) -> dict:
        return {"head_channels": 4}

    def build(self) -> "nn.Module":
        from scaling.models.networks.unet import ModulatedUNet

        return ModulatedUNet(self)

    def formats(self) -> dict:
        from scaling.models.formats.diffusers_networks import diffusers_format

        return {"diffusers": diffusers_format("unet", "")}

    @classmethod
    def recognised(cls, state, declared) -> "PixelUNet | None":
        from scaling.models.formats.unet_weights import recognised_adm

        return recognised_adm(state, declared) if cls is PixelUNet else None

    def assumed(self) -> list[str]:
        return [f"assumed heads of {self.head_channels} channels, which no shape tells"]

    def _class_width(self) -> int:
        return self.time_width

    def _layers_of(self, part: Part) -> tuple[Layer, ...]:
        if isinstance(part, Attended):
            heads = part.channels // self.head_channels
            return (attention_layers(part, heads, self.groups),)
        if not isinstance(part, Block):
            part = Block(part.channels, part.channels, part.side, part.way)
        return (self.block_layers(part, scale_and_shift=True),)
