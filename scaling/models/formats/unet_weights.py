"""Which U-Net do weights of ADM's or LDM's code belong to? Its spec, from names and shapes."""

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from scaling.models.formats.unet_names import FIRST, LABELS, levels_of, renamed, with_null
from scaling.models.weights import spec_of
from scaling.study.families.adm import HEAD, PixelUNet
from scaling.study.families.adm import SHAPES as ADM
from scaling.study.families.ldm import SHAPES as LDM
from scaling.study.families.ldm import LatentUNet
from scaling.study.families.unet import TIME, UNet
from scaling.study.specs.weights import WeightsSpec

ROUND = (10, 100, 1000)  # classes of data sets: a table of as many rows has none for no class
ADM_128 = "adm-128"  # released with 4 heads at every size, which no field of ours says


class Shape(NamedTuple):
    """What names and shapes tell of a U-Net, whichever code it is of."""

    width: int
    multipliers: tuple[float, ...]
    blocks: int
    attends: tuple[bool, ...]  # by level
    channels: int
    outputs: int
    rows: int  # of the table of classes

    @property
    def fields(self) -> dict:
        return {"width": self.width, "multipliers": self.multipliers, "blocks": self.blocks}


def recognised_adm(state: Mapping[str, Tensor], declared: WeightsSpec) -> PixelUNet | None:
    """The pixel U-Net that a state dict of guided-diffusion belongs to; None for other names.

    The sides of the image and the heads show in no shape: of a released shape they are its own,
    else ``declared.input_size`` is needed, and heads of 64 channels are assumed. ValueError for a
    network that the family does not hold.
    """
    if FIRST not in state or _is_ldm(state):
        return None
    shape = _shape(state)
    if any(name.endswith(".0.op.weight") for name in state):
        raise ValueError(
            "the U-Net halves its sides by plain convolutions, and those of the family adm by "
            "residual blocks (resblock_updown)"
        )
    modulation = state["input_blocks.1.0.emb_layers.1.weight"].shape[0]
    if modulation != 2 * shape.width * shape.multipliers[0]:
        raise ValueError("the time is added in the U-Net's blocks, and modulates those of adm")
    if shape.channels == shape.outputs == 6:
        raise ValueError("this is ADM-U's upsampler alone, which reads a smaller image too")
    name = _preset(shape, ADM)
    if name == ADM_128:
        raise ValueError(
            f"the U-Net has the shape of {ADM_128}, which was released with 4 heads at every size; "
            f"those of the family adm have {HEAD} channels each"
        )
    side = declared.input_size or (PixelUNet.preset_resolution(name) if name else None)
    head = {"head_channels": HEAD}
    return _spec(PixelUNet, shape, declared, side, head)


def recognised_ldm(state: Mapping[str, Tensor], declared: WeightsSpec) -> LatentUNet | None:
    """The latent U-Net that a state dict of latent-diffusion belongs to; None for other names.

    As ``recognised_adm``; the number of heads is the released shape's, or ``declared.heads``.
    """
    if FIRST not in state or not _is_ldm(state):
        return None
    shape = _shape(state)
    name = _preset(shape, LDM)
    preset = None if name is None else LatentUNet.preset(name)
    heads = declared.heads or (preset and preset.heads)
    if not heads:
        raise ValueError(
            f"a U-Net of width {shape.width} with multipliers {list(shape.multipliers)} is none of "
            f"{', '.join(LDM)}; say how many heads, as --heads 8"
        )
    side = declared.input_size or (preset and preset.input_size)
    more = {"heads": heads, "context_width": state[LABELS].shape[1]}
    return _spec(LatentUNet, shape, declared, side, more)


def adopted(spec: PixelUNet | LatentUNet, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A recognised state dict as one of ours; a null row of zeros is added where there is none."""
    labels = with_null(state[LABELS], spec.num_classes + 1)
    head = spec.head_channels if isinstance(spec, PixelUNet) else 0
    out = {f"unet.{name}": tensor for name, tensor in renamed(state, head).items()}
    place = "unet.class_embedding.weight" if isinstance(spec, PixelUNet) else "label.weight"
    return {**out, place: labels}


def has_null(spec: UNet, state: Mapping[str, Tensor]) -> bool:
    return state[LABELS].shape[0] > spec.num_classes


def _is_ldm(state: Mapping[str, Tensor]) -> bool:
    return any(".transformer_blocks." in name for name in state)


def _shape(state: Mapping[str, Tensor]) -> Shape:
    if LABELS not in state:
        context = next((t for n, t in state.items() if n.endswith("attn2.to_k.weight")), None)
        reads = "no class" if context is None else f"a text of {context.shape[1]} numbers a word"
        raise ValueError(f"the U-Net reads {reads}; U-Nets here read classes")
    try:
        levels, blocks = levels_of(state)
        width = state["time_embed.0.weight"].shape[0] // TIME
        firsts = [f"input_blocks.{1 + level * (blocks + 1)}" for level in range(levels)]
        channels = [state[f"{first}.0.out_layers.3.weight"].shape[0] for first in firsts]
        if (sinusoids := state["time_embed.0.weight"].shape[1]) != channels[0]:
            raise ValueError(
                f"the U-Net's time is {sinusoids} sinusoids and its first level has {channels[0]} "
                "channels, as in ADM's of 512 pixels; those here have as many of both"
            )
        return Shape(
            width,
            tuple(c / width for c in channels),
            blocks,
            tuple(f"{first}.1.norm.weight" in state for first in firsts),
            state[FIRST].shape[1],
            state["out.2.weight"].shape[0],
            state[LABELS].shape[0],
        )
    except KeyError as error:
        raise ValueError(
            f"the state dict has no {error.args[0]}, which tells the model's shape"
        ) from None


def _preset(shape: Shape, presets: dict[str, dict]) -> str | None:
    same = [n for n, p in presets.items() if all(p[f] == v for f, v in shape.fields.items())]
    return same[0] if same else None


def _spec(
    family: type[UNet], shape: Shape, declared: WeightsSpec, side: int | None, more: dict
) -> UNet:
    if side is None:
        raise ValueError(
            f"a U-Net of width {shape.width} with multipliers {list(shape.multipliers)} is of no "
            "released shape; say the (latent) pixels per side, as --input-size 64"
        )
    if shape.outputs not in (shape.channels, 2 * shape.channels):
        raise ValueError(
            f"the U-Net makes {shape.outputs} channels of {shape.channels}; those here make as "
            "many, or with sigma twice as many"
        )
    null = declared.null or ("none" if shape.rows in ROUND else "last")
    spec = spec_of(
        family=family.model_fields["family"].default,
        input_size=side,
        channels=shape.channels,
        num_classes=shape.rows - (null == "last"),
        learn_sigma=shape.outputs == 2 * shape.channels,
        attention=[side // 2**i for i, attends in enumerate(shape.attends) if attends],
        groups=32,
        **shape.fields,
        **more,
    )
    assert isinstance(spec, UNet)
    return spec
