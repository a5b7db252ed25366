"""What is an MM-DiT? SD3's transformer, arXiv 2403.03206: text and image attend to each other.

Text and image are two streams with weights of their own. The network is diffusers'
``SD3Transformer2DModel``. One number says the size: depth d has width 64 d and d heads. Text is 154
tokens of 4096 numbers, as SD3 joins those of CLIP and T5, and one pooled vector; where a study has
classes, both are learned for each class.

SD3.5 (stability.ai, October 2024) norms queries and keys; its medium network, MMDiT-X, has a second
attention among the image's tokens alone in its first 13 blocks. Its printed sizes, 2.5 and 8.1
billion, count the fixed table of positions: 2243 million are trained of 2470, and 8057 of 8146.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from scaling.study.families.captioned import Captioned
from scaling.study.families.patches import patch_faults
from scaling.study.network import LATENT_FACTOR, Depth, Side, Width
from scaling.study.specs.identity import refuse

if TYPE_CHECKING:
    from torch import nn

    from scaling.study.costs.layers import Layer

HEAD = 64  # channels of a head, and of the width for each block
LATENTS = 16  # channels of SD3's autoencoder
TEXT = {"text_tokens": 154, "text_width": 4096, "pooled_width": 2048}
T5_TOKENS = 256  # of T5's part of a caption in diffusers' pipeline
DEPTHS = (15, 18, 21, 24, 30, 38)  # SD3's scaling study
# SD3.5's, by the config.json of their weights
RELEASED = {
    "sd3.5-medium": {"depth": 24, "qk_norm": True, "dual_attention": 13, "table_side": 384},
    "sd3.5-large": {"depth": 38, "qk_norm": True, "table_side": 192},
}
RELEASED_RESOLUTION = 1024  # pixels a side that they were made for
NAME = re.compile(
    r"SD3-d(?P<depth>\d+)(?:w(?P<width>\d+))?/(?P<patch>\d+)(?P<norm> qk-norm)?"
    r"(?: dual(?P<dual>\d+))?(?: \[text\])?|sd3-d(?P<preset>\d+)"
)


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
    qk_norm: bool = False  # queries and keys are RMS-normed in each head
    # how many of the first blocks have a second attention, among the image's tokens alone
    dual_attention: int = Field(0, ge=0, le=1000)

    ADDED_LATER: ClassVar[frozenset[str]] = frozenset({"table_side", "qk_norm", "dual_attention"})

    TITLE: ClassVar[str] = "SD3"
    PRESETS: ClassVar[tuple[str, ...]] = (*(f"sd3-d{depth}" for depth in DEPTHS), *RELEASED)
    NAMES: ClassVar[str] = "SD3-d24/2 (depth and patch) or SD3-d24/2 qk-norm dual13"

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(patch_faults(self.patch, self.input_size))
        if self.width % 4:
            raise ValueError(
                f"depth {self.depth} times {self.head_width} is a width of {self.width}, not a "
                "multiple of 4, as the 2-D sine-cosine positions need"
            )
        if self.dual_attention > self.depth:
            raise ValueError(
                f"dual_attention {self.dual_attention} is more than the {self.depth} blocks; "
                f"set it to 0 .. {self.depth}"
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
        return self._size + (f" dual{self.dual_attention}" if self.dual_attention else "")

    @property
    def series(self) -> str:
        unusual = ["qk-norm"] * self.qk_norm + ["dual attention"] * bool(self.dual_attention)
        return ", ".join((f"patch {self.patch}", *unusual))

    @property
    def name(self) -> str:
        unusual = " qk-norm" * self.qk_norm
        unusual += f" dual{self.dual_attention}" if self.dual_attention else ""
        return f"SD3-{self._size}/{self.patch}{unusual}{self._told()}"

    @property
    def _size(self) -> str:
        return f"d{self.depth}" + ("" if self.head_width == HEAD else f"w{self.width}")

    @classmethod
    def preset(cls, name: str, resolution: int = 256, **fields) -> "MMDiT":
        """``sd3-d24`` or another depth, or one of RELEASED, on latents of images of ``resolution``
        pixels, with text.

        ValueError for another name or a resolution that the autoencoder's factor does not divide.
        """
        match = re.fullmatch(r"sd3-d([1-9]\d*)", name)
        if not match and name not in RELEASED:
            known = ", ".join(cls.PRESETS)
            raise ValueError(f"unknown model {name!r}; presets of this family: {known}")
        if resolution <= 0 or resolution % LATENT_FACTOR:
            raise ValueError(f"resolution {resolution} is not a positive multiple of 8")
        latent = {"input_size": resolution // LATENT_FACTOR, "channels": LATENTS}
        usual = {"num_classes": 1, "learn_sigma": False, "conditioning": "text", **TEXT}
        own = {"depth": int(match[1])} if match else RELEASED[name]
        return cls(**{**latent, **usual, **own, **fields})

    @classmethod
    def preset_resolution(cls, name: str) -> int:
        return RELEASED_RESOLUTION if name in RELEASED else super().preset_resolution(name)

    @classmethod
    def of_pipeline(cls, config: Mapping, folder: Path, captions: tuple[str, ...]) -> "MMDiT":
        depth, head = config["num_layers"], config["attention_head_dim"]
        qk_norm = config.get("qk_norm") and "rms_norm"
        dual = sorted(config.get("dual_attention_layers") or ())
        for name, is_so, here in (
            ("qk_norm", config.get("qk_norm"), qk_norm),
            ("dual_attention_layers", dual, list(range(len(dual)))),
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
                    f"{folder} has {name} {is_so}, and SD3 and SD3.5 as they are read here have "
                    f"{here}; take a pipeline of theirs"
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
            qk_norm=qk_norm is not None,
            dual_attention=len(dual),
        )

    def named_like(self, name: str) -> Self | None:
        if name in RELEASED:
            usual = {"qk_norm": False, "dual_attention": 0, "head_width": HEAD}
            own = {k: v for k, v in RELEASED[name].items() if k != "table_side"}
            return self.replaced(**usual | own)
        match = re.fullmatch(NAME, name)
        if not match:
            return None
        depth = int(match["depth"] or match["preset"])
        head = int(match["width"]) / depth if match["width"] and depth else HEAD
        return self.replaced(
            depth=depth,
            head_width=head,
            patch=int(match["patch"] or self.patch),
            qk_norm=match["norm"] is not None,
            dual_attention=int(match["dual"] or 0),
        )

    def _debug_fields(self) -> dict:
        dual = min(self.dual_attention, 1)
        return {"depth": 2, "head_width": 8, "pooled_width": 8, "dual_attention": dual}

    def build(self) -> "nn.Module":
        from scaling.models.networks.mmdit import MMDiT as Network

        return Network(self)

    def fixed_tensors(self) -> dict:
        if self.table_side is None:
            return {}  # diffusers keeps a table of one size out of the state dict
        from scaling.models.networks.mmdit import position_table

        return {"transformer.pos_embed.pos_embed": position_table(self)}

    def layers(self) -> tuple["Layer", ...]:
        from scaling.study.families.sd3_layers import layers

        return layers(self)
