"""How are weights of ADM's and LDM's code (guided-diffusion, latent-diffusion) those of our U-Nets?

Both codes name the parts ``input_blocks``, ``middle_block`` and ``output_blocks``, and number them
in the order of a pass; ours have diffusers' names. What is computed is the same, but for attention
in ADM, whose queries, keys and values are one map with the heads outermost.
"""

import re
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

FIRST, LABELS = "input_blocks.0.0.weight", "label_emb.weight"
LDM, LDM_AVERAGE = "model.diffusion_model.", "model_ema.diffusion_model"
LDM_LABELS = "cond_stage_model.embedding.weight"
RESIDUAL = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
ENDS = {
    "input_blocks.0.0": "conv_in",
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "middle_block.0": "mid_block.resnets.0",
    "middle_block.1": "mid_block.attentions.0",
    "middle_block.2": "mid_block.resnets.1",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
}


def ldm_entries(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of LDM's code with the class's embedding and the average beside the network.

    LDM keeps the one under its own module, and the other under names without points.
    """
    names = [name.removeprefix(LDM) for name in state if name.startswith(LDM)]
    if not names or f"{LDM}{FIRST}" not in state:
        return dict(state)
    out = dict(state)
    averages = {f"{LDM_AVERAGE}{name.replace('.', '')}": name for name in names}
    average = {name: out.pop(flat) for flat, name in averages.items() if flat in out}
    labels = out.pop(LDM_LABELS, None)
    if labels is not None:
        out[f"{LDM}{LABELS}"] = labels
    if len(average) == len(names):
        out |= {f"{LDM_AVERAGE}.{name}": tensor for name, tensor in average.items()}
        out |= {} if labels is None else {f"{LDM_AVERAGE}.{LABELS}": labels}
    return out


def levels_of(state: Mapping[str, Tensor]) -> tuple[int, int]:
    """How many levels the network has, and residual blocks in each on the way down."""
    raised = {
        match[1]
        for name in state
        if (match := re.match(r"output_blocks\.(\d+)\.[12]\.(in_layers\.0|conv)\.weight$", name))
    }
    blocks = {match[1] for name in state if (match := re.match(r"input_blocks\.(\d+)\.", name))}
    levels = len(raised) + 1
    each, rest = divmod(len(blocks), levels)
    if rest or each < 2:
        raise ValueError(
            f"{len(blocks)} input_blocks are no {levels} levels of as many residual blocks each"
        )
    return levels, each - 1


def renamed(state: Mapping[str, Tensor], head_channels: int) -> dict[str, Tensor]:
    """The network's entries under diffusers' names, without the embedding of the class.

    ``head_channels`` are those of ADM's attention. ValueError for an entry that is none of those.
    """
    levels, blocks = levels_of(state)
    places = {**ENDS, **dict(_places(levels, blocks, state))}
    out: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name == LABELS:
            continue
        place = next((p for p in _above(name) if p in places), None)
        if place is None:
            raise ValueError(f"{name} is no entry of a U-Net of ADM's or LDM's code")
        ours, inner = places[place], name[len(place) + 1 :]
        if ours.rpartition(".")[0].endswith("attentions") and "qkv" in inner:
            out |= _separate(ours, inner, tensor, head_channels)
            continue
        part, _, kind = inner.rpartition(".")
        part = _part(part, attention="attentions" in ours, state=state, place=place)
        out[".".join(filter(None, (ours, part, kind)))] = _as_linear(tensor, part)
    return out


def _places(levels: int, blocks: int, state: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """Each module of a level in theirs, and in ours."""
    for level in range(levels):
        for i in range(blocks + 1):
            source = f"input_blocks.{1 + level * (blocks + 1) + i}"
            if i < blocks:
                yield f"{source}.0", f"down_blocks.{level}.resnets.{i}"
                yield f"{source}.1", f"down_blocks.{level}.attentions.{i}"
            else:
                yield f"{source}.0", f"down_blocks.{level}.downsamplers.0"
            source = f"output_blocks.{level * (blocks + 1) + i}"
            yield f"{source}.0", f"up_blocks.{level}.resnets.{i}"
            last = max((n for n in ("1", "2") if _has(state, f"{source}.{n}.")), default="")
            raises = i == blocks and level < levels - 1
            if last and (last == "2" or not raises):
                yield f"{source}.1", f"up_blocks.{level}.attentions.{i}"
            if raises:
                yield f"{source}.{last}", f"up_blocks.{level}.upsamplers.0"


def _has(state: Mapping[str, Tensor], beginning: str) -> bool:
    return any(name.startswith(beginning) for name in state)


def _above(name: str) -> Iterator[str]:
    """The modules that an entry lies in, the innermost first."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _part(part: str, attention: bool, state: Mapping[str, Tensor], place: str) -> str:
    """The part of a module in our names."""
    if not attention:
        return RESIDUAL.get(part, "conv" if part == "op" else part)
    if f"{place}.qkv.weight" not in state:
        return part  # LDM's transformer blocks have diffusers' names
    return {"norm": "group_norm", "proj_out": "to_out.0"}[part]


def _as_linear(tensor: Tensor, part: str) -> Tensor:
    """A convolution over places one by one as the linear that it is in ours."""
    return tensor.flatten(1) if part == "to_out.0" and tensor.ndim > 1 else tensor


def _separate(ours: str, inner: str, tensor: Tensor, head: int) -> dict[str, Tensor]:
    """``qkv`` (heads x 3 x channels of a head) as three maps (heads x channels of a head)."""
    parts = tensor.view(tensor.shape[0] // (3 * head), 3, head, -1).unbind(1)
    kind = inner.rpartition(".")[2]
    shaped = (p.reshape(-1, p.shape[-1]) if kind == "weight" else p.flatten() for p in parts)
    return {f"{ours}.{name}.{kind}": p for name, p in zip(("to_q", "to_k", "to_v"), shaped)}


def with_null(labels: Tensor, rows: int) -> Tensor:
    """The embeddings of classes with ``rows`` rows; one that lacks is zeros, for no class."""
    lacking = rows - labels.shape[0]
    return torch.cat((labels, labels.new_zeros(lacking, labels.shape[1]))) if lacking else labels
