"""What is DDPM's U-Net? Ho et al., arXiv 2006.11239: the time is added in every residual block.

Its network is diffusers' ``UNet2DModel`` as it is by default, which is also what their pipelines of
DDPM, DDIM and unconditional latent diffusion hold: convolutions of stride two between levels, and
attention at some sizes. The shapes are those of the paper's appendix B. Where there are classes,
their embedding is added to the time's, as in ADM.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from scaling.study.costs.layers import Layer
from scaling.study.families.unet import UNet
from scaling.study.families.unet_parts import Attended, Block, Part, attention_layers, resampling
from scaling.study.network import Width

if TYPE_CHECKING:
    from torch import nn

RGB = 3
Convention = Literal["ddpm", "ldm"]
# what no weight tells, in diffusers' words: DDPM's code, and latent diffusion's (their defaults)
CONVENTIONS: dict[Convention, dict[str, Any]] = {
    "ddpm": {
        "flip_sin_to_cos": False, "freq_shift": 1, "norm_eps": 1e-6, "downsample_padding": 0,
    },
    "ldm": {
        "flip_sin_to_cos": True, "freq_shift": 0, "norm_eps": 1e-5, "downsample_padding": 1,
    },
}  # fmt: skip
SHAPES: dict[str, dict] = {
    name: {
        "width": 128, "multipliers": multipliers, "blocks": 2, "attention": (16,), "groups": 32,
        "head_channels": None, "convention": "ddpm",
    }
    for name, multipliers in {"ddpm-32": (1, 2, 2, 2), "ddpm-256": (1, 1, 2, 2, 4, 4)}.items()
}  # fmt: skip
DOWN = {False: "DownBlock2D", True: "AttnDownBlock2D"}  # whether a level attends -> diffusers' name
UP = {False: "UpBlock2D", True: "AttnUpBlock2D"}
# what diffusers' network may be otherwise, and is not here
FIXED: dict[str, Any] = {
    "center_input_sample": False,
    "time_embedding_type": "positional",
    "time_embedding_dim": None,
    "mid_block_type": "UNetMidBlock2D",
    "mid_block_scale_factor": 1,
    "downsample_type": "conv",
    "upsample_type": "conv",
    "dropout": 0.0,
    "act_fn": "silu",
    "attn_norm_num_groups": None,
    "resnet_time_scale_shift": "default",
    "add_attention": True,
    "class_embed_type": None,
    "num_class_embeds": None,
}


class AddedUNet(UNet):
    """A U-Net in whose residual blocks the time, and the class if any, are added."""

    family: Literal["ddpm"] = "ddpm"
    head_channels: Width | None = None  # of every attention; null: one head
    convention: Convention = "ddpm"  # of sinusoids, norms and the edges of what is halved

    TITLE: ClassVar[str] = "DDPM"
    PRESETS: ClassVar[tuple[str, ...]] = tuple(SHAPES)
    NAMES: ClassVar[str] = "DDPM-32 or DDPM-w64x1-2-4b2a16-8 (width, multipliers, blocks, sides)"
    SHAPES: ClassVar[dict[str, dict]] = SHAPES
    FORMATS: ClassVar[tuple[str, ...]] = ("diffusers",)
    ANCHORS: ClassVar[tuple[str, ...]] = ()  # of no code but diffusers'

    @classmethod
    def preset(cls, name: str, resolution: int | None = None, **fields) -> Self:
        """DDPM's model of images of the ``resolution`` that its name says, in pixels a side.

        ValueError for another name or another resolution.
        """
        if name not in SHAPES:
            raise ValueError(f"unknown model {name!r}; presets of this family: {', '.join(SHAPES)}")
        side = cls.preset_resolution(name)
        if resolution not in (None, side):
            raise ValueError(f"{name} is made for {side} pixels a side, not {resolution}")
        image = {"input_size": side, "channels": RGB, "num_classes": 1, "learn_sigma": False}
        return cls(**{**image, **SHAPES[name], **fields})

    @classmethod
    def preset_resolution(cls, name: str) -> int:
        return int(name.removeprefix("ddpm-"))

    @property
    def name(self) -> str:
        return super().name + (" ldm" if self.convention == "ldm" else "")

    def named_like(self, name: str) -> Self | None:
        like = super().named_like(name.removesuffix(" ldm"))
        convention = "ldm" if name.endswith(" ldm") else "ddpm"
        return None if like is None else like.replaced(convention=convention)

    def _check_heads(self) -> None:
        for channels in self.attended_channels if self.head_channels else ():
            if channels % self.head_channels:
                raise ValueError(
                    f"heads of {self.head_channels} channels do not divide the {channels} channels"
                )

    def _debug_heads(self) -> dict:
        return {"head_channels": self.head_channels and 4}

    @property
    def config(self) -> dict[str, Any]:
        """The arguments of diffusers' ``UNet2DModel``."""
        attends = [side in self.attention for side in self.sides]
        return {
            "sample_size": self.input_size,
            "in_channels": self.channels,
            "out_channels": self.out_channels,
            "block_out_channels": self.level_channels,
            "down_block_types": tuple(DOWN[attended] for attended in attends),
            "up_block_types": tuple(UP[attended] for attended in attends[::-1]),
            "layers_per_block": self.blocks,
            "attention_head_dim": self.head_channels,
            "norm_num_groups": self.groups,
            **CONVENTIONS[self.convention],
            "num_class_embeds": self.num_classes + 1 if self.condition == "classes" else None,
        }

    @classmethod
    def of_config(cls, config: Mapping, file: Path) -> Self:
        """The unconditional network of a ``UNet2DModel`` with this ``config``, read from ``file``.

        ValueError for one that the family does not hold, KeyError for what a config lacks.
        """
        conventions = [
            name
            for name, told in CONVENTIONS.items()
            if all(config[field] == value for field, value in told.items())
        ]
        odd = [
            f"{name} {config.get(name, usual)}, here {usual}"
            for name, usual in FIXED.items()
            if config.get(name, usual) != usual
        ]
        if not conventions:
            told = ", ".join(f"{name} {config[name]}" for name in CONVENTIONS["ddpm"])
            odd.append(f"{told}, which is neither of {' nor of '.join(CONVENTIONS)}")
        channels, side = config["block_out_channels"], config["sample_size"]
        if not isinstance(side, int):
            odd.append(f"sample_size {side}, here one number for both sides")
        if odd:
            raise ValueError(f"{file}: {odd[0]}; its U-Net is none of those that are read here")
        levels = [*enumerate(config["down_block_types"])]
        spec = cls(
            input_size=side,
            channels=config["in_channels"],
            num_classes=1,
            learn_sigma=config["out_channels"] == 2 * config["in_channels"],
            width=channels[0],
            multipliers=tuple(c / channels[0] for c in channels),
            blocks=config["layers_per_block"],
            attention=tuple(side // 2**i for i, kind in levels if kind == DOWN[True]),
            groups=config["norm_num_groups"],
            head_channels=config["attention_head_dim"],
            convention=conventions[0],
        )
        for name, here in spec.config.items():
            there = tuple(config[name]) if isinstance(config[name], list) else config[name]
            if there != here:
                raise ValueError(
                    f"{file}: {name} {there}, and U-Nets here have {here} beside the rest of it"
                )
        return spec

    def build(self) -> "nn.Module":
        from scaling.models.networks.unet import AddedUNet as Network

        return Network(self)

    def formats(self) -> dict:
        from scaling.models.formats.diffusers_networks import diffusers_format

        return {"diffusers": diffusers_format("unet", "")}

    @classmethod
    def recognised(cls, state, declared) -> None:
        return None  # no other code's names are known

    def _class_layers(self) -> tuple[Layer, ...]:
        return super()._class_layers() if self.condition == "classes" else ()

    def _class_width(self) -> int:
        return self.time_width

    def _layers_of(self, part: Part) -> tuple[Layer, ...]:
        if isinstance(part, Block):
            return (self.block_layers(part, scale_and_shift=False),)
        if isinstance(part, Attended):
            heads = part.channels // (self.head_channels or part.channels)
            return (attention_layers(part, heads, self.groups),)
        return (resampling(part),)
