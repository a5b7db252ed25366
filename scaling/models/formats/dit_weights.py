"""Which DiT do foreign weights belong to? Its spec, from the names and shapes of a state dict."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from scaling.models.networks.dit import position_table
from scaling.models.weights import Format, spec_of
from scaling.study.families.dit.designs import DESIGNS
from scaling.study.families.dit.presets import SIZES
from scaling.study.families.dit.spec import ModelSpec
from scaling.study.specs.weights import WeightsSpec

POSITIONS = "pos_embed"  # not trained, so a checkpoint may leave it out; ours do
PATCHES, LABELS = "x_embedder.proj.weight", "y_embedder.embedding_table.weight"
OWN = ("x_embedder.", "y_embedder.embedding_table", "t_embedder.mlp")
ROUND = (10, 100, 1000)  # classes of digits and CIFAR-10, CIFAR-100, ImageNet


def fixed_positions(spec: ModelSpec) -> dict[str, Tensor]:
    """The position table, if any, under its name in the reference's state dict."""
    if not spec.has_position_table:
        return {}
    return {POSITIONS: position_table(spec)}


def write_state_dict(path: Path, spec: ModelSpec, state: Mapping[str, Tensor]) -> None:
    """Write the raw state dict to the file ``path``, the format of the published checkpoints."""
    torch.save(dict(state), path)


FORMAT = Format(write_state_dict, ".pt")


def recognised(state: Mapping[str, Tensor], declared: WeightsSpec) -> ModelSpec | None:
    """The DiT that a state dict belongs to, read from names and shapes; None for other names.

    The number of heads does not show in any shape. If depth and width are one of the paper's sizes,
    it is taken from there; otherwise ``declared.heads`` is needed. ValueError if it is missing, if
    an entry that tells the shape is missing, or if what is declared contradicts the shapes.
    """
    if not any(name.startswith(OWN) for name in state):
        return None
    width, channels, patch, _ = _shape(state, PATCHES, 4)
    hidden, _ = _shape(state, "blocks.0.mlp.fc1.weight", 2)
    pixels, _ = _shape(state, "final_layer.linear.weight", 2)
    rows, _ = _shape(state, LABELS, 2)
    depth = len({name.split(".")[1] for name in state if name.startswith("blocks.")})
    heads = declared.heads
    if heads is None:
        heads = {(s.depth, s.width): s.heads for s in SIZES.values()}.get((depth, width))
        if heads is None:
            raise ValueError(
                f"depth {depth} and width {width} are none of {', '.join(SIZES)}; say how many "
                "heads, as --heads 6"
            )
    modulation = "blocks.0.adaLN_modulation.1.weight"
    vectors = _shape(state, modulation, 2)[0] // width if modulation in state else 0
    attended = "blocks.0.cross.q.weight" in state
    conditioning = next(
        (name for name, d in DESIGNS.items() if (d.modulations, d.attended) == (vectors, attended)),
        None,
    )
    if conditioning is None:
        raise ValueError(
            f"blocks with {vectors} modulations fit no known conditioning: {', '.join(DESIGNS)}"
        )
    # The MLP's width was rounded down from width * ratio. Half a channel more makes the ratio round
    # down to the same width again.
    ratio = hidden / width if hidden % width == 0 else (hidden + 0.5) / width
    return spec_of(
        input_size=_input_size(state, patch, declared),
        channels=channels,
        patch=patch,
        width=width,
        depth=depth,
        heads=heads,
        num_classes=rows if null_of(rows, declared) == "none" else rows - 1,
        mlp_ratio=ratio,
        # a flow learns no sigma; SiT's code leaves half of its outputs unused
        learn_sigma=pixels == 2 * channels * patch**2 and declared.objective not in ("flow", "sit"),
        conditioning=conditioning,
    )


def _input_size(state: Mapping[str, Tensor], patch: int, declared: WeightsSpec) -> int:
    if POSITIONS not in state:
        if declared.input_size is None:
            raise ValueError(
                f"the state dict has no {POSITIONS}, which tells the model's shape; say the "
                "(latent) pixels per side, as --input-size 32"
            )
        return declared.input_size
    return round(_shape(state, POSITIONS, 3)[1] ** 0.5) * patch


def _shape(state: Mapping[str, Tensor], name: str, sides: int) -> tuple[int, ...]:
    """Of an entry that tells the model's shape; ValueError if it is missing or has not so many
    ``sides``.
    """
    shape = tuple(state[name].shape) if name in state else None
    if shape is None or len(shape) != sides or 0 in shape:
        there = f"has no {name}" if shape is None else f"has {name} of {shape}"
        raise ValueError(
            f"the state dict {there}, where a tensor of {sides} sides tells the model's shape; if "
            "it is another network, say the file that defines it with --network FILE.py"
        )
    return shape


def null_of(rows: int, declared: WeightsSpec) -> str:
    """Whether the last row of a label table means "no class" (``last``) or not (``none``).

    ValueError where a table has as many rows as a known data set has classes, and nothing is told:
    its last row may be a class or not.
    """
    if declared.null is not None:
        return declared.null
    if rows == 1:
        return "none"
    if rows in ROUND:
        raise ValueError(
            f"{LABELS} has {rows} rows: if they are {rows} classes, without a row for no class, "
            f"say --null none; if the last row of {rows - 1} classes means no class, --null last"
        )
    return "last"


def adopted(
    spec: ModelSpec, state: Mapping[str, Tensor], declared: WeightsSpec
) -> dict[str, Tensor]:
    """A recognised state dict as one of ours: SiT's time and velocity turned, the null row added.

    A label table without a row for no class gets one of zeros, which nothing may ask for.
    """
    out = dict(state)
    if declared.objective == "sit":
        from scaling.models.formats.sit import from_sit

        out = from_sit(out, spec.channels)
    rows = out[LABELS].shape[0]
    if rows == spec.num_classes:
        out[LABELS] = torch.cat((out[LABELS], torch.zeros_like(out[LABELS][:1])))
    return out
