"""What do all U-Nets share? Levels of residual blocks, attention at some sizes, and skips between.

The base class of the families ``ldm`` and ``adm``, whose networks are those of diffusers. A
family says which layers a part has. Not a family by itself.
"""

import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, model_validator

from scaling.study.costs.layers import (
    Convolution,
    Elementwise,
    Embedding,
    Layer,
    Linear,
    Norm,
    Repeat,
)
from scaling.study.families.patches import MOST_TOKENS
from scaling.study.families.unet_parts import (
    KERNEL,
    Block,
    Part,
    parts,
    residual_layers,
)
from scaling.study.network import Depth, Multiplier, Network, Side, Width

if TYPE_CHECKING:
    from torch import nn

TIME = 4  # the vector of time is so many times as wide as the network (ADM's and LDM's code)
CLASSES = 1000  # ImageNet's, which the presets are made for
MOST_LEVELS = 16
NUMBER = r"\d+(?:\.\d+)?"  # a multiplier in a name


Multipliers = Annotated[tuple[Multiplier, ...], Field(min_length=1, max_length=MOST_LEVELS)]
Sides = Annotated[tuple[Side, ...], Field(max_length=MOST_LEVELS)]


class UNet(Network):
    """The free dimensions of a U-Net.

    Level i has ``width * multipliers[i]`` channels and half the side of the level before.
    """

    width: Width
    multipliers: Multipliers
    blocks: Depth  # residual blocks of a level on the way down; one more on the way up
    attention: Sides  # of the feature maps that attend; the lowest level always
    groups: Width = 32  # of every group norm

    SHAPES: ClassVar[dict[str, dict]] = {}  # preset -> its fields
    ANCHORS: ClassVar[tuple[str, ...]] = ("input_blocks.0.0.weight",)  # in ADM's and LDM's code

    @model_validator(mode="after")
    def _check(self) -> Self:
        halvings = 2 ** (len(self.multipliers) - 1)
        if self.input_size % halvings:
            raise ValueError(
                f"{len(self.multipliers)} levels halve the sides {len(self.multipliers) - 1} times,"
                f" and {halvings} does not divide the input size {self.input_size}"
            )
        strange = [side for side in self.attention if side not in self.sides]
        if strange:
            raise ValueError(
                f"attention at sides {strange}, but the levels have the sides {[*self.sides]}"
            )
        if self.attention and max(self.attention) ** 2 > MOST_TOKENS:
            raise ValueError(
                f"attention at sides of {max(self.attention)} is over {max(self.attention) ** 2} "
                f"places, more than {MOST_TOKENS}; leave that side out"
            )
        for multiplier in self.multipliers:
            channels = self.width * multiplier
            if channels <= 0 or channels % self.groups:
                raise ValueError(
                    f"width {self.width} times {multiplier:g} is {channels:g} channels, not a "
                    f"multiple of the {self.groups} groups of the norms"
                )
        self._check_heads()
        return self

    @abstractmethod
    def _check_heads(self) -> None:
        """ValueError where the heads do not divide the channels of a level that attends."""

    @property
    def level_channels(self) -> tuple[int, ...]:
        return tuple(int(self.width * multiplier) for multiplier in self.multipliers)

    @property
    def sides(self) -> tuple[int, ...]:
        """Pixels per side of the feature maps of each level."""
        return tuple(self.input_size // 2**i for i in range(len(self.multipliers)))

    @property
    def attended_channels(self) -> tuple[int, ...]:
        """Channels of the levels that attend; the middle of the network always does."""
        levels = zip(self.level_channels, self.sides)
        return (*(c for c, side in levels if side in self.attention), self.level_channels[-1])

    @property
    def time_width(self) -> int:
        return TIME * self.width

    @property
    def size(self) -> str:
        """The ending of the published name, otherwise all that may grow: ``w64x1-2-4b2a16-8``."""
        if self.published_name:
            return self.published_name.removeprefix(f"{self.family}-")
        multipliers = "-".join(f"{m:g}" for m in self.multipliers)
        return f"w{self.width}x{multipliers}b{self.blocks}a{'-'.join(map(str, self.attention))}"

    @property
    def published_name(self) -> str | None:
        """The preset that has this shape; None for a shape of one's own."""
        for name, shape in self.SHAPES.items():
            if all(getattr(self, field) == value for field, value in shape.items()):
                return name
        return None

    @property
    def rung(self) -> str:
        return self.size

    @property
    def name(self) -> str:
        return (self.published_name or "").upper() or f"{self.title}-{self.size}"

    def named_like(self, name: str) -> Self | None:
        title = re.escape(self.title)
        free = rf"{title}-w(\d+)x({NUMBER}(?:-{NUMBER})*)b(\d+)a(\d+(?:-\d+)*)?"
        match = re.fullmatch(free, name)
        if match:
            return self.replaced(
                width=int(match[1]),
                multipliers=tuple(float(m) for m in match[2].split("-")),
                blocks=int(match[3]),
                attention=tuple(int(side) for side in (match[4] or "").split("-") if side),
            )
        shape = {preset.lower(): fields for preset, fields in self.SHAPES.items()}.get(name.lower())
        return None if shape is None else self.replaced(**shape)

    def debug_twin(self, channels: int, num_classes: int) -> Self:
        small = {"width": 8, "blocks": 1, "groups": 4, **self._debug_heads()}
        return self.replaced(**small, channels=channels, num_classes=num_classes)

    def has_null(self, state) -> bool:
        from scaling.models.formats.unet_weights import has_null

        return has_null(self, state)

    def adopted(self, state, told) -> dict:
        from scaling.models.formats.unet_weights import adopted

        return adopted(self, super().adopted(state, told))

    @abstractmethod
    def _debug_heads(self) -> dict:
        """The fields of a small network that only the family has."""

    def parts(self) -> Iterator[Part]:
        """Every part between the first convolution and the last norm, in the order of a pass."""
        return parts(self.level_channels, self.sides, self.blocks, self.attention)

    def layers(self) -> tuple[Layer, ...]:
        first, pixels = self.level_channels[0], self.input_size**2
        width = self.time_width
        return (
            Linear(first, width),  # of the sinusoids of the time, as many as channels
            Elementwise(width),  # the SiLU's input
            Linear(width, width),
            *self._class_layers(),
            Convolution(self._channels_in(), first, KERNEL, pixels),
            *(layer for part in self.parts() for layer in self._layers_of(part)),
            Norm(first, pixels, affine=True, groups=self.groups),
            Elementwise(first * pixels),
            Convolution(first, self.out_channels, KERNEL, pixels),
        )

    def _channels_in(self) -> int:
        return self.channels

    def _class_layers(self) -> tuple[Layer, ...]:
        return (Embedding(self.num_classes + 1, self._class_width()),)

    @abstractmethod
    def _class_width(self) -> int:
        """Numbers in the embedding of a class."""

    @abstractmethod
    def _layers_of(self, part: Part) -> tuple[Layer, ...]:
        """The layers that the family's network has for ``part``."""

    def block_layers(self, block: Block, scale_and_shift: bool) -> Repeat:
        """The layers of a residual block, as ``residual_layers``."""
        return residual_layers(block, self.groups, self.time_width, scale_and_shift)

    def units(self, network: "nn.Module") -> list["nn.Module"]:
        from scaling.models.networks.unet import units

        return units(network)
