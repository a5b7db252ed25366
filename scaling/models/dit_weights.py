"""Which DiT do foreign weights belong to? Its spec, from the names and shapes of a state dict."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from scaling.models.embeddings import sincos_positions
from scaling.models.weights import Format, spec_of
from scaling.study.families.dit import DESIGNS, SIZES, ModelSpec

POSITIONS = "pos_embed"  # not trained, so a checkpoint may leave it out; ours do


def fixed_positions(spec: ModelSpec) -> dict[str, Tensor]:
    """The position table under its name in the reference's state dict."""
    return {POSITIONS: sincos_positions(spec.width, spec.input_size // spec.patch)}


def write_state_dict(path: Path, spec: ModelSpec, state: Mapping[str, Tensor]) -> None:
    """Write the raw state dict to the file ``path``, the format of the published checkpoints."""
    torch.save(dict(state), path)


FORMAT = Format(write_state_dict, ".pt")


def recognised(state: Mapping[str, Tensor], heads: int | None = None) -> ModelSpec:
    """The DiT that a state dict belongs to, read from names and shapes.

    The number of heads does not show in any shape. If depth and width are one of the paper's sizes,
    it is taken from there; otherwise ``heads`` is needed. ValueError if it is missing, or if an
    entry that tells the shape is missing.
    """
    try:
        width, channels, patch, _ = state["x_embedder.proj.weight"].shape
        tokens = state[POSITIONS].shape[1]
        hidden = state["blocks.0.mlp.fc1.weight"].shape[0]
        pixels = state["final_layer.linear.weight"].shape[0]
        rows = state["y_embedder.embedding_table.weight"].shape[0]
    except KeyError as error:
        raise ValueError(
            f"the state dict has no {error.args[0]}, which tells the model's shape"
        ) from None
    depth = len({name.split(".")[1] for name in state if name.startswith("blocks.")})
    if heads is None:
        heads = {(s.depth, s.width): s.heads for s in SIZES.values()}.get((depth, width))
        if heads is None:
            raise ValueError(
                f"depth {depth} and width {width} are none of {', '.join(SIZES)}; say how many "
                "heads"
            )
    modulation = state.get("blocks.0.adaLN_modulation.1.weight")
    vectors = 0 if modulation is None else modulation.shape[0] // width
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
        input_size=round(tokens**0.5) * patch,
        channels=channels,
        patch=patch,
        width=width,
        depth=depth,
        heads=heads,
        num_classes=rows - 1,
        mlp_ratio=ratio,
        learn_sigma=pixels == 2 * channels * patch**2,
        conditioning=conditioning,
    )
