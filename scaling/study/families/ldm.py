"""What is a latent U-Net? Rombach et al., arXiv 2112.10752: the class is attended to.

Its network is diffusers' ``UNet2DConditionModel``: residual blocks, and at some sizes a transformer
block that attends to all places, then to the embedding of the class. The shapes of LDM-4 and LDM-8
are those of the released configurations for ImageNet (cin256). ``unet-S`` to ``unet-XL`` are ours:
the design of LDM-8 with one block a level, as wide as costs what the DiT of that letter costs at
patch 2 on the same latents, within 1.2 %; their parameters are within 2 % of its too.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from scaling.study.costs.layers import (
    Attention,
    Elementwise,
    Layer,
    Linear,
    Norm,
    Repeat,
)
from scaling.study.families.unet import CLASSES, UNet
from scaling.study.families.unet_parts import Attended, Block, Part, resampling
from scaling.study.network import Width

if TYPE_CHECKING:
    from torch import nn

CONTEXT = 512  # width of the class's embedding in the released configurations
MLP = 4  # hidden channels of a transformer block's MLP, times its width; gated, so twice as many
SHAPES: dict[str, dict] = {
    "ldm-4": {
        "width": 192, "multipliers": (1, 2, 3, 5), "blocks": 2, "attention": (32, 16, 8),
        "heads": 1, "groups": 32, "context_width": CONTEXT,
    },
    "ldm-8": {
        "width": 256, "multipliers": (1, 2, 4), "blocks": 2, "attention": (32, 16, 8),
        "heads": 8, "groups": 32, "context_width": CONTEXT,
    },
    **{
        f"unet-{size}": {
            "width": width, "multipliers": (1, 2, 3), "blocks": 1, "attention": (32, 16, 8),
            "heads": 4, "groups": 4, "context_width": CONTEXT,
        }
        for size, width in {"S": 108, "B": 216, "L": 412, "XL": 504}.items()
    },
}  # fmt: skip
F4, F8 = (4, 3), (8, 4)  # downsampling factor and channels of an autoencoder
LATENTS = dict.fromkeys(SHAPES, F8) | {"ldm-4": F4}


class LatentUNet(UNet):
    """A U-Net whose transformer blocks attend to one token, the embedding of the class."""

    family: Literal["ldm"] = "ldm"
    heads: Width = 8  # of every attention
    context_width: Width = CONTEXT

    TITLE: ClassVar[str] = "LDM"
    PRESETS: ClassVar[tuple[str, ...]] = tuple(SHAPES)
    NAMES: ClassVar[str] = "LDM-8 or LDM-w64x1-2-4b2a32-16-8 (width, multipliers, blocks, sides)"
    SHAPES: ClassVar[dict[str, dict]] = SHAPES
    FORMATS: ClassVar[tuple[str, ...]] = ("diffusers",)
    # of the released configuration for ImageNet (cin256)
    USUAL_BETAS: ClassVar[dict] = {
        "beta_schedule": "scaled_linear", "beta_start": 0.0015, "beta_end": 0.0195,
    }  # fmt: skip

    @classmethod
    def preset(cls, name: str, resolution: int = 256, **fields) -> "LatentUNet":
        """A model by name on latents of ImageNet's images of ``resolution`` pixels a side.

        LDM-4 and LDM-8 do not learn sigma; ours do, as DiT. ValueError for another name or a
        resolution that the autoencoder's factor does not divide.
        """
        if name not in SHAPES:
            raise ValueError(f"unknown model {name!r}; presets of this family: {', '.join(SHAPES)}")
        factor, channels = LATENTS[name]
        if resolution <= 0 or resolution % factor:
            raise ValueError(f"resolution {resolution} is not a positive multiple of {factor}")
        latent = {"input_size": resolution // factor, "channels": channels}
        trained = {"num_classes": CLASSES, "learn_sigma": not name.startswith("ldm-")}
        return cls(**{**latent, **trained, **SHAPES[name], **fields})

    def _check_heads(self) -> None:
        for channels in self.attended_channels:
            if channels % self.heads:
                raise ValueError(f"heads {self.heads} do not divide the {channels} channels")

    def _debug_heads(self) -> dict:
        return {"heads": 2, "context_width": 8}

    def build(self) -> "nn.Module":
        from scaling.models.networks.unet import ConditionedUNet

        return ConditionedUNet(self)

    def formats(self) -> dict:
        from scaling.models.formats.diffusers_networks import diffusers_format

        note = "labels.safetensors has a row of each class, the token of encoder_hidden_states"
        return {"diffusers": diffusers_format("unet", note)}

    @classmethod
    def recognised(cls, state, declared) -> "LatentUNet | None":
        from scaling.models.formats.unet_weights import recognised_ldm

        return recognised_ldm(state, declared)

    def _class_width(self) -> int:
        return self.context_width

    def _layers_of(self, part: Part) -> tuple[Layer, ...]:
        if isinstance(part, Block):
            return (self.block_layers(part, scale_and_shift=False),)
        if isinstance(part, Attended):
            return (self._transformer(part.channels, part.side**2),)
        return (resampling(part),)

    def _transformer(self, d: int, T: int) -> Repeat:
        """A transformer block between two 1x1 convolutions, with a residual around all."""
        context = self.context_width
        layers = (
            Norm(d, T, affine=True, groups=self.groups),
            Linear(d, d, T),
            Norm(d, T, affine=True),
            Linear(d, 3 * d, T, bias=False),
            Attention(T, T, d, self.heads),
            Linear(d, d, T),
            Norm(d, T, affine=True),
            Linear(d, d, T, bias=False),
            Linear(context, 2 * d, bias=False, shares_input=True),
            Attention(T, 1, d, self.heads),
            Linear(d, d, T),
            Norm(d, T, affine=True),
            Linear(d, 2 * MLP * d, T),
            Elementwise(3 * MLP * d * T),  # both halves, and the gate's GELU
            Linear(MLP * d, d, T),
            Linear(d, d, T),
        )
        return Repeat(1, layers, d * T)
