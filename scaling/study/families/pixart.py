"""What is PixArt-alpha? A DiT that attends to text, arXiv 2310.00426.

One modulation, of the time alone, serves all blocks. The network is diffusers'
``PixArtTransformer2DModel``. Text is 120 tokens of 4096 numbers, as T5 gives them; where a study
has classes, the sequence is learned for each class.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from scaling.study.costs.layers import (
    Attention,
    Elementwise,
    Layer,
    Linear,
    Norm,
    Parameter,
    Repeat,
)
from scaling.study.families.captioned import Captioned
from scaling.study.families.patches import patch_faults
from scaling.study.network import LATENT_FACTOR, Depth, Side, Width
from scaling.study.specs.identity import refuse

if TYPE_CHECKING:
    from torch import nn

FREQUENCIES = 256  # sinusoids of the time
MLP = 4  # hidden channels, times the width
SHAPE = {"width": 1152, "depth": 28, "heads": 16}
TEXT = {"text_tokens": 120, "text_width": 4096}
LATENTS = 4  # channels of Stable Diffusion's autoencoder


class PixArt(Captioned):
    """A transformer whose blocks attend to the image, then to the text."""

    family: Literal["pixart"] = "pixart"
    patch: Side = 2  # pixels per token side
    width: Width
    depth: Depth
    heads: Width

    TITLE: ClassVar[str] = "PixArt"
    PRESETS: ClassVar[tuple[str, ...]] = ("pixart-alpha",)
    NAMES: ClassVar[str] = "PixArt-d28w1152/2 (depth, width and patch)"

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(patch_faults(self.patch, self.input_size))
        if self.width % self.heads:
            raise ValueError(f"heads {self.heads} do not divide the width {self.width}")
        if self.width % 4:
            raise ValueError(
                f"width {self.width} is not a multiple of 4, as the 2-D sine-cosine positions need"
            )
        return self

    @property
    def tokens(self) -> int:
        """Of the image."""
        return (self.input_size // self.patch) ** 2

    @property
    def rung(self) -> str:
        return f"d{self.depth}w{self.width}"

    @property
    def series(self) -> str:
        return f"patch {self.patch}"

    @property
    def name(self) -> str:
        return f"PixArt-{self.rung}/{self.patch}{self._told()}"

    @classmethod
    def preset(cls, name: str, resolution: int = 256, **fields) -> "PixArt":
        """``pixart-alpha`` on latents of images of ``resolution`` pixels a side, with text.

        ValueError for another name or a resolution that the autoencoder's factor does not divide.
        """
        if name not in cls.PRESETS:
            raise ValueError(f"unknown model {name!r}; presets of this family: pixart-alpha")
        if resolution <= 0 or resolution % LATENT_FACTOR:
            raise ValueError(f"resolution {resolution} is not a positive multiple of 8")
        latent = {"input_size": resolution // LATENT_FACTOR, "channels": LATENTS}
        usual = {"num_classes": 1, "conditioning": "text", **TEXT}
        return cls(**{**latent, **usual, **SHAPE, **fields})

    @classmethod
    def of_pipeline(cls, config: Mapping, folder: Path, captions: tuple[str, ...]) -> "PixArt":
        size = config["sample_size"]
        scale = config.get("interpolation_scale") or max(size // 64, 1)
        told_size = config.get("use_additional_conditions")
        if scale != 1 or (size == 128 if told_size is None else told_size):
            raise ValueError(
                f"{folder} is a PixArt that is told the resolution, or whose positions are "
                "stretched; here PixArt is as for 256 and 512 pixels"
            )
        heads = config["num_attention_heads"]
        return cls(
            input_size=size,
            channels=config["in_channels"],
            patch=config["patch_size"],
            width=heads * config["attention_head_dim"],
            depth=config["num_layers"],
            heads=heads,
            learn_sigma=config["out_channels"] == 2 * config["in_channels"],
            num_classes=len(captions),
            conditioning="text",
            captions=captions,
            encoder=str(folder),
            text_tokens=TEXT["text_tokens"],
            text_width=config["caption_channels"],
        )

    def named_like(self, name: str) -> Self | None:
        match = re.fullmatch(r"PixArt-d(\d+)w(\d+)/(\d+)(?: \[text\])?", name)
        if name in self.PRESETS:
            return self.replaced(**SHAPE, patch=2)
        if not match:
            return None
        depth, width, patch = (int(number) for number in match.groups())
        heads = self.heads if width == self.width else 1  # they alter neither parameters nor MACs
        return self.replaced(depth=depth, width=width, patch=patch, heads=heads)

    def _debug_fields(self) -> dict:
        return {"depth": 1, "width": 16, "heads": 2}

    def build(self) -> "nn.Module":
        from scaling.models.networks.pixart import PixArt as Network

        return Network(self)

    def layers(self) -> tuple[Layer, ...]:
        T, S, d = self.tokens, self.text_tokens, self.width
        pixels = self.patch**2
        return (
            *self.condition_layers(),
            Linear(self.channels * pixels, d, T),
            Parameter(T * d, trained=False),  # the position table
            *(Linear(FREQUENCIES, d), Elementwise(d), Linear(d, d)),
            *(Elementwise(d), Linear(d, 6 * d)),  # the modulation that all blocks share
            *(Linear(self.text_width, d, S), Elementwise(d * S), Linear(d, d, S)),
            Elementwise(S * d),  # the text as every block reads it
            Repeat(self.depth, self._block(), T * d),
            Parameter(2 * d),
            Norm(d, T),
            Elementwise(T * d + d),
            Linear(d, pixels * self.out_channels, T),
        )

    def _block(self) -> tuple[Layer, ...]:
        T, S, d, hidden = self.tokens, self.text_tokens, self.width, MLP * self.width
        return (
            Parameter(6 * d),  # added to the shared modulation
            Elementwise(6 * d + 2 * d),
            Norm(d, T),
            Elementwise(T * d),
            Linear(d, 3 * d, T),
            Attention(T, T, d, self.heads),
            Linear(d, d, T),
            Elementwise(T * d),  # the gated branch
            Linear(d, d, T),
            Linear(d, 2 * d, S, shares_input=True),
            Attention(T, S, d, self.heads),
            Linear(d, d, T),
            Norm(d, T),
            Elementwise(T * d),
            Linear(d, hidden, T),
            Elementwise(T * hidden),
            Linear(hidden, d, T),
            Elementwise(T * d),  # the gated branch
        )
