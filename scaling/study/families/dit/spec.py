"""What is a DiT? Its free dimensions and what follows from them.

Source: Peebles & Xie, arXiv 2212.09748. The authors did not release the code of three of the four
conditionings. Those are built so that parameters and Gflops match the published ones (Table 4): no
norm has weights, and in-context and cross-attention end in a norm that is not adaptive.
"""

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from scaling.study.families.dit import variant
from scaling.study.families.dit.designs import CONTEXT, DESIGNS, Conditioning, Design
from scaling.study.families.dit.presets import (
    DEBUG_SHAPES,
    MLP_RATIO,
    PRESETS,
    SIZES,
    Shape,
    preset_fields,
    resolution_of,
)
from scaling.study.families.dit.variant import MlpKind, NormKind, Positions
from scaling.study.families.patches import frame_faults, patch_faults, token_faults
from scaling.study.network import MOST_FRAMES, Depth, Network, Side, Width
from scaling.study.specs.identity import refuse

if TYPE_CHECKING:
    from torch import nn

    from scaling.study.costs.layers import Layer


class ModelSpec(Network):
    """The free dimensions of a DiT (Table 1); everything else is derived from them."""

    family: Literal["dit"] = "dit"
    patch: Side  # pixels per token side, p
    width: Width  # channels per token, d
    depth: Depth  # blocks, N
    heads: Width
    mlp_ratio: float = Field(MLP_RATIO, gt=0, le=100)
    conditioning: Conditioning = "adaln-zero"
    norm: NormKind = "layer"
    qk_norm: bool = False  # queries and keys are RMS-normed in each head
    positions: Positions = "sincos"  # a table that is added, rotary in each block, or both
    mlp: MlpKind = "gelu"
    class_tokens: int = Field(0, ge=0, le=2**16)  # that the blocks read beside the image's
    class_tokens_from: int = Field(0, ge=0, le=1000)  # the first block, from 0, that reads them
    # channels between the two linears that embed a patch; null: one linear
    bottleneck: Width | None = None
    # blocks of their own width that end the network; the body's tokens condition them. Null: none
    head_depth: Depth | None = None
    head_width: Width | None = None
    head_heads: Width | None = None
    # of a clip: its frames, F, and how many of them a token spans; one frame is an image
    frames: int = Field(1, ge=1, le=MOST_FRAMES)
    patch_t: int = Field(1, ge=1, le=MOST_FRAMES)
    input_width: Side | None = None  # pixels per row; null: as many as per column, input_size

    ADDED_LATER: ClassVar[frozenset[str]] = frozenset({**variant.PAPER, **variant.IMAGE})
    TITLE: ClassVar[str] = "DiT"
    PRESETS: ClassVar[tuple[str, ...]] = PRESETS
    NAMES: ClassVar[str] = "DiT-XL/2 or DiT-d4w64/2 (depth and width)"
    FORMATS: ClassVar[tuple[str, ...]] = ("dit", "diffusers", "sit")
    ANCHORS: ClassVar[tuple[str, ...]] = ("x_embedder.proj.weight",)

    @model_validator(mode="after")
    def _check(self):
        faults = patch_faults(self.patch, self.input_size, self.input_width)
        faults += frame_faults(self.frames, self.patch_t)
        if self.frames > 1 and not faults:
            what = f"patch {self.patch} and patch_t {self.patch_t} of {self.frames} frames"
            faults += token_faults(what, self.tokens)
        if self.hidden < 1:
            faults.append(
                f"mlp_ratio {self.mlp_ratio:g} of width {self.width} leaves the MLP no channel"
            )
        if self.width % self.heads:
            faults.append(f"heads {self.heads} do not divide the width {self.width}")
        if self.width % 4:
            faults.append(
                f"width {self.width} is not a multiple of 4, as the 2-D sine-cosine positions need"
            )
        refuse([*faults, *variant.faults(self)])
        return self

    @property
    def design(self) -> Design:
        return DESIGNS[self.conditioning]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(C, H, W) of an image, (C, F, H, W) of a clip of more than one frame."""
        clip = (self.frames,) if self.frames > 1 else ()
        return (self.channels, *clip, self.input_size, self.input_width or self.input_size)

    @property
    def grid(self) -> tuple[int, int, int]:
        """Tokens along time, from top to bottom and from left to right."""
        width = self.input_width or self.input_size
        return self.frames // self.patch_t, self.input_size // self.patch, width // self.patch

    @property
    def patch_pixels(self) -> int:
        """Pixels of one channel in a token, over all its frames."""
        return self.patch_t * self.patch**2

    @property
    def tokens(self) -> int:  # T
        return math.prod(self.grid)

    @property
    def sequence(self) -> int:
        """Tokens in the last block: the image's, the conditioning's if in context, the class's."""
        return self.tokens + CONTEXT * self.design.in_context + self.class_tokens

    @property
    def has_position_table(self) -> bool:
        return "sincos" in self.positions

    @property
    def hidden(self) -> int:
        """Channels inside the MLP; a gated one has two thirds, which costs the same."""
        hidden = int(self.width * self.mlp_ratio)
        return int(hidden * 2 / 3) if self.mlp == "swiglu" else hidden

    @property
    def wide_head(self) -> "ModelSpec | None":
        """The head's blocks as a DiT of their own; None if there is no wide head."""
        if self.head_depth is None:
            return None
        own = {"depth": self.head_depth, "width": self.head_width, "heads": self.head_heads}
        none = {name: variant.PAPER[name] for name in variant.HEAD}
        return self.replaced(**own, **none, class_tokens=0, class_tokens_from=0, bottleneck=None)

    @property
    def size(self) -> str:
        """S, B, L or XL for a shape of the paper, otherwise depth and width: ``d2w32``."""
        names = {shape: name for name, shape in SIZES.items()}
        shape = Shape(self.depth, self.width, self.heads)
        return names.get(shape, f"d{self.depth}w{self.width}")

    @property
    def rung(self) -> str:
        return " ".join((self.size, *variant.rung_words(self)))

    @property
    def series(self) -> str:
        """The patch, the MLP ratio if it is not the paper's, and what else is unusual."""
        return ", ".join((f"patch {self.patch}{self._mlp(', ')}", *variant.series_words(self)))

    @property
    def name(self) -> str:
        """``DiT-XL/2`` or ``DiT-d2w32/4``, plus whatever is not the paper's."""
        return " ".join((self._released_name + self._mlp(" "), *variant.words(self)))

    @property
    def slug(self) -> str:
        # Trials keep the names they had before the MLP ratio became part of a model's name.
        released = self._released_name.replace("/", "-").replace(" ", "")
        return "-".join((released, *variant.words(self)))

    @property
    def _released_name(self) -> str:
        conditioning = "" if self.conditioning == "adaln-zero" else f" [{self.conditioning}]"
        return f"DiT-{self.size}/{self.patch}{conditioning}"

    def _mlp(self, before: str) -> str:
        return "" if self.mlp_ratio == MLP_RATIO else f"{before}mlp {self.mlp_ratio:g}"

    @classmethod
    def preset(cls, name: str, resolution: int = 256, **fields) -> "ModelSpec":
        """A published model by name, such as ``DiT-XL/2``, on ImageNet's images or their latents.

        ``resolution`` is in pixels per image side. ValueError as ``preset_fields``.
        """
        return cls(**{**preset_fields(name, resolution), **fields})

    @classmethod
    def preset_resolution(cls, name: str) -> int:
        return resolution_of(name)

    def named_like(self, name: str) -> "ModelSpec | None":
        from scaling.study.families.dit.names import named_like

        return named_like(self, name)

    def kin(self, planned) -> list[str]:
        from scaling.study.families.dit.names import kin

        return kin(self, planned)

    def completed_among(self, planned) -> "ModelSpec":
        from scaling.study.families.dit.names import with_heads_among

        return with_heads_among(self, planned)

    @property
    def unnamed(self) -> str:
        channels = self.width / self.heads
        return f"heads {channels:g} channels wide, MLP ratio {self.mlp_ratio:g}"

    def debug_twin(self, channels: int, num_classes: int) -> "ModelSpec":
        depth, width = DEBUG_SHAPES.get(self.size, (1, 8))
        if self.grid[0] > 1:  # positions of a clip need a multiple
            width += -width % variant.THIRD_POSITION
        small: dict = {"depth": depth, "width": width, "heads": 2, "class_tokens_from": 0}
        small["bottleneck"] = None if self.bottleneck is None else 4
        if self.head_depth is not None:
            small |= {"head_depth": 1, "head_width": 2 * width, "head_heads": 2}
        return self.replaced(**small, channels=channels, num_classes=num_classes)

    def build(self) -> "nn.Module":
        from scaling.models.networks.dit import DiT

        return DiT(self)

    def units(self, network: "nn.Module") -> list["nn.Module"]:
        return [*network.blocks, *network.head_blocks]

    def formats(self) -> dict:
        if not variant.is_papers(self):
            return {}  # no other code reads it from names and shapes
        from scaling.models.formats import diffusers as diffusers_format
        from scaling.models.formats import dit_weights
        from scaling.models.formats import sit as sit_format

        return {
            "dit": dit_weights.FORMAT,
            "diffusers": diffusers_format.FORMAT,
            "sit": sit_format.FORMAT,
        }

    def fixed_tensors(self) -> dict:
        from scaling.models.formats.dit_weights import fixed_positions

        return fixed_positions(self)

    @classmethod
    def recognised(cls, state, declared) -> "ModelSpec | None":
        from scaling.models.formats.dit_weights import recognised

        return recognised(state, declared)

    def has_null(self, state) -> bool:
        from scaling.models.formats.dit_weights import LABELS

        return state[LABELS].shape[0] > self.num_classes

    def adopted(self, state, told) -> dict:
        from scaling.models.formats.dit_weights import adopted

        return adopted(self, state, told)

    def layers(self) -> tuple["Layer", ...]:
        from scaling.study.families.dit.layers import layers

        return layers(self)
