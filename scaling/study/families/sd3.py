"""What is an MM-DiT? SD3's transformer, arXiv 2403.03206: text and image attend to each other.

Text and image are two streams with weights of their own. The network is diffusers'
``SD3Transformer2DModel``. One number says the size: depth d has width 64 d and d heads. Text is 154
tokens of 4096 numbers, as SD3 joins those of CLIP and T5, and one pooled vector; where a study has
classes, both are learned for each class.
"""

import json
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
HEAD = 64  # channels of a head, and of the width for each block
MLP = 4  # hidden channels, times the width
LATENTS = 16  # channels of SD3's autoencoder
TEXT = {"text_tokens": 154, "text_width": 4096, "pooled_width": 2048}
T5_TOKENS = 256  # of T5's part of a caption in diffusers' pipeline
DEPTHS = (15, 18, 21, 24, 30, 38)  # SD3's scaling study


class MMDiT(Captioned):
    """A transformer of ``depth`` blocks, each with weights for the text and for the image."""

    family: Literal["sd3"] = "sd3"
    patch: Side = 2  # pixels per token side
    depth: Depth  # blocks, heads, and ``head_width`` channels each
    head_width: Width = HEAD
    pooled_width: Width  # of the vector that joins the time's
    # tokens a side of the table of positions, of which the middle is used, as SD3's weights have it
    # for images of several sizes; null: a table of this size
    table_side: Side | None = None

    ADDED_LATER: ClassVar[frozenset[str]] = frozenset({"table_side"})

    TITLE: ClassVar[str] = "SD3"
    PRESETS: ClassVar[tuple[str, ...]] = tuple(f"sd3-d{depth}" for depth in DEPTHS)
    NAMES: ClassVar[str] = "SD3-d24/2 (depth and patch)"

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(patch_faults(self.patch, self.input_size))
        if self.width % 4:
            raise ValueError(
                f"depth {self.depth} times {self.head_width} is a width of {self.width}, not a "
                "multiple of 4, as the 2-D sine-cosine positions need"
            )
        if self.table_side is not None and self.table_side**2 < self.tokens:
            raise ValueError(
                f"a table_side of {self.table_side} positions is less than the image's "
                f"{self.input_size // self.patch}; set it higher, or to null"
            )
        return self

    @property
    def width(self) -> int:
        return self.depth * self.head_width

    @property
    def heads(self) -> int:
        return self.depth

    @property
    def tokens(self) -> int:
        """Of the image."""
        return (self.input_size // self.patch) ** 2

    @property
    def rung(self) -> str:
        return f"d{self.depth}" + ("" if self.head_width == HEAD else f"w{self.width}")

    @property
    def series(self) -> str:
        return f"patch {self.patch}"

    @property
    def name(self) -> str:
        return f"SD3-{self.rung}/{self.patch}{self._told()}"

    @classmethod
    def preset(cls, name: str, resolution: int = 256, **fields) -> "MMDiT":
        """``sd3-d24`` or another depth, on latents of images of ``resolution`` pixels, with text.

        ValueError for another name or a resolution that the autoencoder's factor does not divide.
        """
        match = re.fullmatch(r"sd3-d([1-9]\d*)", name)
        if not match:
            known = ", ".join(cls.PRESETS)
            raise ValueError(f"unknown model {name!r}; presets of this family: {known}")
        if resolution <= 0 or resolution % LATENT_FACTOR:
            raise ValueError(f"resolution {resolution} is not a positive multiple of 8")
        latent = {"input_size": resolution // LATENT_FACTOR, "channels": LATENTS}
        usual = {"num_classes": 1, "learn_sigma": False, "conditioning": "text", **TEXT}
        return cls(**{**latent, **usual, "depth": int(match[1]), **fields})

    @classmethod
    def of_pipeline(cls, config: Mapping, folder: Path, captions: tuple[str, ...]) -> "MMDiT":
        depth, head = config["num_layers"], config["attention_head_dim"]
        for name, is_so, here in (
            ("qk_norm", config.get("qk_norm"), None),
            ("dual_attention_layers", list(config.get("dual_attention_layers") or ()), []),
            ("num_attention_heads", config["num_attention_heads"], depth),
            ("caption_projection_dim", config["caption_projection_dim"], depth * head),
            (
                "out_channels",
                config.get("out_channels") or config["in_channels"],
                config["in_channels"],
            ),
        ):
            if is_so != here:
                raise ValueError(
                    f"{folder} has {name} {is_so}, and here SD3 is of 2403.03206, with {here}; "
                    "SD3.5 is not read"
                )
        for part in ("text_encoder", "text_encoder_2"):
            if not (folder / part / "config.json").is_file():
                raise ValueError(
                    f"{folder} holds no {part}: SD3 reads captions with both CLIPs (T5 may be "
                    "absent); download it whole"
                )
        clip = json.loads((folder / "tokenizer" / "tokenizer_config.json").read_text())
        return cls(
            input_size=config["sample_size"],
            channels=config["in_channels"],
            patch=config["patch_size"],
            depth=depth,
            head_width=head,
            learn_sigma=False,
            num_classes=len(captions),
            conditioning="text",
            captions=captions,
            encoder=str(folder),
            text_tokens=clip["model_max_length"] + T5_TOKENS,
            text_width=config["joint_attention_dim"],
            pooled_width=config["pooled_projection_dim"],
            table_side=config["pos_embed_max_size"],
        )

    def named_like(self, name: str) -> Self | None:
        match = re.fullmatch(r"SD3-d(\d+)(?:w(\d+))?/(\d+)(?: \[text\])?|sd3-d(\d+)", name)
        if not match:
            return None
        depth = int(match[1] or match[4])
        head = int(match[2]) / depth if match[2] and depth else HEAD
        return self.replaced(depth=depth, head_width=head, patch=int(match[3] or self.patch))

    def _debug_fields(self) -> dict:
        return {"depth": 2, "head_width": 8, "pooled_width": 8}

    def build(self) -> "nn.Module":
        from scaling.models.networks.mmdit import MMDiT as Network

        return Network(self)

    def fixed_tensors(self) -> dict:
        if self.table_side is None:
            return {}  # diffusers keeps a table of one size out of the state dict
        from scaling.models.networks.mmdit import position_table

        return {"transformer.pos_embed.pos_embed": position_table(self)}

    def layers(self) -> tuple[Layer, ...]:
        T, S, d = self.tokens, self.text_tokens, self.width
        pixels = self.patch**2
        blocks = (
            Repeat(self.depth - 1, self._block(last=False), (T + S + 1) * d),
            Repeat(1, self._block(last=True), (T + S + 1) * d),
        )
        return (
            *self._condition_layers(self.pooled_width),
            Linear(self.channels * pixels, d, T),
            Parameter(
                (self.table_side**2 if self.table_side else T) * d, trained=False
            ),  # positions
            *(Linear(FREQUENCIES, d), Elementwise(d), Linear(d, d)),
            *(Linear(self.pooled_width, d), Elementwise(d), Linear(d, d)),
            Linear(self.text_width, d, S),
            Elementwise(d),  # the sum of both, which each block's SiLU keeps
            *(block for block in blocks if block.times),
            *self._adaptive_norm(T, vectors=2),
            Linear(d, pixels * self.out_channels, T),
        )

    def _block(self, last: bool) -> tuple[Layer, ...]:
        """In the last block nothing needs the text any more once the image has attended to it."""
        T, S, d = self.tokens, self.text_tokens, self.width
        text = () if last else (Linear(d, d, S), *self._mlp(S))
        return (
            *self._adaptive_norm(T, vectors=6),
            *self._adaptive_norm(S, vectors=2 if last else 6),
            Linear(d, 3 * d, T),
            Linear(d, 3 * d, S),
            Attention(T + S, T + S, d, self.heads),
            Elementwise((T + S) * d),  # its output, of which text and image each copy their part
            Linear(d, d, T),
            *self._mlp(T),
            *text,
        )

    def _adaptive_norm(self, positions: int, vectors: int) -> tuple[Layer, ...]:
        d = self.width
        modulation = (Linear(d, vectors * d), Elementwise((vectors + 1) * d))
        return (Norm(d, positions), Elementwise(positions * d), *modulation)

    def _mlp(self, positions: int) -> tuple[Layer, ...]:
        """With the gated branch before it, its norm and its own gate."""
        d, hidden = self.width, MLP * self.width
        return (
            Elementwise(positions * d),  # the attention's branch
            Norm(d, positions),
            Elementwise(positions * d + d),
            Linear(d, hidden, positions),
            Elementwise(positions * hidden),
            Linear(hidden, d, positions),
            Elementwise(positions * d),  # this branch
        )
