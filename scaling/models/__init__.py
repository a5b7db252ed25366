"""Networks, how they are counted, and how their weights are read and written."""

import functools
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from scaling.models.drawing import drawing
from scaling.models.networks.dit import DiT
from scaling.study.network import Network

__all__ = ["DiT", "build_model", "initialised", "without_weights"]


def build_model(
    spec: Network,
    *,
    activation_checkpointing: bool = False,
    compile: bool = False,
    device: torch.device | str | None = None,
) -> nn.Module:
    """The network of ``spec``, newly initialised from torch's global generator, in training mode.

    ``model(x, t, y)``: x (B, *spec.input_shape) float, t (B,) times of the process, y (B,) labels
    in 0..num_classes, the last of which means "no label"; returns (B, out_channels, ...). The model
    has ``spec`` as an attribute.

    ``activation_checkpointing`` keeps only the input of each of the family's units and recomputes
    the unit in the backward pass. ``compile`` compiles the forward pass as one graph, in place, so
    the state dict keeps its names. ``device="meta"`` builds the shapes without allocating a weight.
    ValueError for a family whose ``build`` returns no module.
    """
    with torch.device(device or torch.get_default_device()):
        model = spec.build()
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"build() of family {spec.family!r} returned a {type(model).__name__}; it must return "
            "a torch.nn.Module"
        )
    model.spec = spec
    if activation_checkpointing:
        for unit in spec.units(model):
            unit.forward = functools.partial(_checkpointed, unit, unit.forward)
    if compile:
        model.compile(fullgraph=True)
    return model


def initialised(spec: Network, generator: torch.Generator, **options: Any) -> nn.Module:
    """``build_model`` whose random numbers are those of ``generator``: weights, and what is drawn
    once and never trained, as random frequencies.
    """
    with drawing(generator):
        return build_model(spec, **options)


def without_weights(spec: Network) -> nn.Module:
    """The network to be asked for names and shapes: on the meta device, where no weight is
    allocated; with weights where a person's code cannot be built there, such as one that reads
    values of what it makes.
    """
    try:
        return build_model(spec, device="meta")
    except Exception:  # their code may raise anything; what is wrong everywhere is raised now
        return initialised(spec, torch.Generator())


def _checkpointed(unit: nn.Module, forward, *args, **kwargs):
    if unit.training and torch.is_grad_enabled():
        return checkpoint(forward, *args, use_reentrant=False, **kwargs)
    return forward(*args, **kwargs)
