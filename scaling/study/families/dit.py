"""What is a DiT? Its free dimensions, its names, its layers, and the sizes that the paper trained.

Source: Peebles & Xie, arXiv 2212.09748. The authors did not release the code of three of the four
conditionings. Those are built so that parameters and Gflops match the published ones (Table 4): no
norm has weights, and in-context and cross-attention end in a norm that is not adaptive.
"""

import difflib
import re
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from scaling.study.identity import refuse
from scaling.study.layers import (
    Attention,
    Elementwise,
    Embedding,
    Layer,
    Linear,
    Norm,
    Parameter,
    Repeat,
)
from scaling.study.network import LATENT_FACTOR, MOST_PIXELS, Network

if TYPE_CHECKING:
    from torch import nn

FREQUENCIES = 256  # sinusoidal features of the timestep, before its MLP
CONTEXT = 2  # conditioning tokens, in context or attended to: the timestep's and the label's
MOST_TOKENS = 2**18  # what a table of positions and a trace still hold
MLP_RATIO = 4.0  # the paper's
CLASSES, CHANNELS = 1000, 4  # ImageNet's latents, which the presets are made for


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
DEBUG_SHAPES = {"S": (1, 8), "B": (1, 16), "L": (2, 16), "XL": (2, 24)}  # depth, width
PATCHES = (8, 4, 2)
PRESETS = tuple(f"DiT-{size}/{patch}" for size in SIZES for patch in PATCHES)


class Design(NamedTuple):
    """How a block receives the timestep and the class (section 3.2)."""

    modulations: int  # vectors of width d that a block regresses from the conditioning
    final_modulations: int  # vectors that the last norm regresses
    gated: bool = False  # each branch has a gate, initialised to zero
    in_context: bool = False  # the conditioning is appended to the tokens
    attended: bool = False  # the tokens attend to the conditioning

    @property
    def adaptive(self) -> bool:
        """Whether the conditioning is one vector that modulates norms, not a sequence of tokens."""
        return self.modulations > 0


Conditioning = Literal["adaln-zero", "adaln", "cross-attention", "in-context"]
DESIGNS: dict[str, Design] = {
    "adaln-zero": Design(6, 2, gated=True),
    "adaln": Design(4, 2),
    "cross-attention": Design(0, 0, attended=True),
    "in-context": Design(0, 0, in_context=True),
}


class ModelSpec(Network):
    """The free dimensions of a DiT (Table 1); everything else is derived from them."""

    family: Literal["dit"] = "dit"
    patch: int = Field(gt=0, le=MOST_PIXELS)  # pixels per token side, p
    width: int = Field(gt=0, le=2**16)  # channels per token, d
    depth: int = Field(gt=0, le=1000)  # blocks, N
    heads: int = Field(gt=0, le=2**16)
    mlp_ratio: float = Field(MLP_RATIO, gt=0, le=100)
    conditioning: Conditioning = "adaln-zero"

    TITLE: ClassVar[str] = "DiT"
    PRESETS: ClassVar[tuple[str, ...]] = PRESETS
    NAMES: ClassVar[str] = "DiT-XL/2 or DiT-d4w64/2 (depth and width)"
    FORMATS: ClassVar[tuple[str, ...]] = ("dit", "diffusers", "sit")
    ANCHORS: ClassVar[tuple[str, ...]] = ("x_embedder.proj.weight",)

    @model_validator(mode="after")
    def _check(self):
        faults = []
        if self.input_size % self.patch:
            divisors = [p for p in range(1, self.input_size + 1) if self.input_size % p == 0]
            faults.append(
                f"patch {self.patch} does not divide the input size {self.input_size}; "
                f"divisors: {divisors}"
            )
        elif self.tokens > MOST_TOKENS:
            faults.append(
                f"patch {self.patch} of input size {self.input_size} makes {self.tokens} tokens, "
                f"more than {MOST_TOKENS}; choose a larger patch"
            )
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
        refuse(faults)
        return self

    @property
    def design(self) -> Design:
        return DESIGNS[self.conditioning]

    @property
    def tokens(self) -> int:  # T
        return (self.input_size // self.patch) ** 2

    @property
    def sequence(self) -> int:
        """Tokens in the blocks: the image's, plus the conditioning's if it is in context."""
        return self.tokens + CONTEXT * self.design.in_context

    @property
    def hidden(self) -> int:
        """Channels inside the MLP."""
        return int(self.width * self.mlp_ratio)

    @property
    def size(self) -> str:
        """S, B, L or XL for a shape of the paper, otherwise depth and width: ``d2w32``."""
        names = {shape: name for name, shape in SIZES.items()}
        shape = Shape(self.depth, self.width, self.heads)
        return names.get(shape, f"d{self.depth}w{self.width}")

    @property
    def rung(self) -> str:
        return self.size

    @property
    def series(self) -> str:
        """The patch, and the MLP ratio if it is not the paper's."""
        return f"patch {self.patch}" + self._mlp(", ")

    @property
    def name(self) -> str:
        """``DiT-XL/2`` or ``DiT-d2w32/4``, plus a conditioning or MLP ratio if not the default."""
        return self._released_name + self._mlp(" ")

    @property
    def slug(self) -> str:
        # Trials keep the names they had before the MLP ratio became part of a model's name.
        return self._released_name.replace("/", "-").replace(" ", "")

    @property
    def _released_name(self) -> str:
        conditioning = "" if self.conditioning == "adaln-zero" else f" [{self.conditioning}]"
        return f"DiT-{self.size}/{self.patch}{conditioning}"

    def _mlp(self, before: str) -> str:
        return "" if self.mlp_ratio == MLP_RATIO else f"{before}mlp {self.mlp_ratio:g}"

    @classmethod
    def preset(cls, name: str, resolution: int = 256, **fields) -> "ModelSpec":
        """A model of the paper by name, such as ``DiT-XL/2``, on f8 latents of ImageNet's images.

        ``resolution`` is in pixels per image side. ValueError for a name that is not
        ``DiT-{S,B,L,XL}/PATCH`` or a resolution that is not a multiple of the VAE's factor.
        """
        match = re.fullmatch(r"DiT-(S|B|L|XL)/([1-9]\d*)", name)
        if not match:
            near = difflib.get_close_matches(name, PRESETS, n=3, cutoff=0.0)
            raise ValueError(f"unknown model {name!r}; nearest: {', '.join(near)}")
        if resolution <= 0 or resolution % LATENT_FACTOR:
            raise ValueError(
                f"resolution {resolution} is not a positive multiple of {LATENT_FACTOR}, the VAE's "
                "downsampling factor"
            )
        shape = SIZES[match[1]]._asdict()
        latent = {"input_size": resolution // LATENT_FACTOR, "channels": CHANNELS}
        return cls(**{**latent, "patch": int(match[2]), "num_classes": CLASSES, **shape, **fields})

    def named_like(self, name: str) -> "ModelSpec | None":
        from scaling.study.families.dit_names import named_like

        return named_like(self, name)

    def kin(self, planned) -> list[str]:
        from scaling.study.families.dit_names import kin

        return kin(self, planned)

    def completed_among(self, planned) -> "ModelSpec":
        from scaling.study.families.dit_names import with_heads_among

        return with_heads_among(self, planned)

    @property
    def unnamed(self) -> str:
        channels = self.width / self.heads
        return f"heads {channels:g} channels wide, MLP ratio {self.mlp_ratio:g}"

    def debug_twin(self, channels: int, num_classes: int) -> "ModelSpec":
        depth, width = DEBUG_SHAPES.get(self.size, (1, 8))
        small = {"depth": depth, "width": width, "heads": 2}
        return self.replaced(**small, channels=channels, num_classes=num_classes)

    def build(self) -> "nn.Module":
        from scaling.models.dit import DiT

        return DiT(self)

    def units(self, network: "nn.Module") -> list["nn.Module"]:
        return list(network.blocks)

    def formats(self) -> dict:
        from scaling.models import diffusers_format, dit_weights, sit_format

        return {
            "dit": dit_weights.FORMAT,
            "diffusers": diffusers_format.FORMAT,
            "sit": sit_format.FORMAT,
        }

    def fixed_tensors(self) -> dict:
        from scaling.models.dit_weights import fixed_positions

        return fixed_positions(self)

    @classmethod
    def recognised(cls, state, told) -> "ModelSpec | None":
        from scaling.models.dit_weights import recognised

        return recognised(state, told)

    def has_null(self, state) -> bool:
        from scaling.models.dit_weights import LABELS

        return state[LABELS].shape[0] > self.num_classes

    def adopted(self, state, told) -> dict:
        from scaling.models.dit_weights import adopted

        return adopted(self, state, told)

    def layers(self) -> tuple[Layer, ...]:
        T, d, design = self.tokens, self.width, self.design
        pixels = self.patch**2
        embedders = (
            Linear(self.channels * pixels, d, T),
            Parameter(T * d, trained=False),  # the position table
            Linear(FREQUENCIES, d),
            Elementwise(d),  # the SiLU's input
            Linear(d, d),
            Embedding(self.num_classes + 1, d),
            Elementwise(CONTEXT * d),  # adaptive: the sum and its SiLU; otherwise both tokens
        )
        head = (
            *self._norm(T, design.adaptive),
            *self._modulation(design.final_modulations, scales=1),
            Linear(d, pixels * self.out_channels, T),
        )
        return (*embedders, Repeat(self.depth, self._block(), self.sequence * d), *head)

    def _block(self) -> tuple[Layer, ...]:
        S, d, design = self.sequence, self.width, self.design
        gate = (Elementwise(S * d),) if design.gated else ()  # the branch's output
        cross = (
            Norm(d, S),
            Linear(d, d, S),
            Linear(d, 2 * d, CONTEXT, shares_input=True),
            Attention(S, CONTEXT, d, self.heads),
            Linear(d, d, S),
        )
        return (
            *self._norm(S, design.adaptive),
            Linear(d, 3 * d, S),
            Attention(S, S, d, self.heads),
            Linear(d, d, S),
            *gate,
            *(cross if design.attended else ()),
            *self._norm(S, design.adaptive),
            Linear(d, self.hidden, S),
            Elementwise(S * self.hidden),  # the GELU's input
            Linear(self.hidden, d, S),
            *gate,
            *self._modulation(design.modulations, scales=2),
        )

    def _norm(self, positions: int, adaptive: bool) -> tuple[Layer, ...]:
        """A norm and, if adaptive, the normed tokens that its modulation keeps."""
        modulated = (Elementwise(positions * self.width),) if adaptive else ()
        return (Norm(self.width, positions), *modulated)

    def _modulation(self, vectors: int, scales: int) -> tuple[Layer, ...]:
        """The linear that regresses ``vectors`` modulations; they are kept, and 1 + each scale."""
        if not vectors:
            return ()
        linear = Linear(self.width, vectors * self.width, shares_input=True)
        return (linear, Elementwise((vectors + scales) * self.width))
