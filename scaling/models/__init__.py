"""Which network does a spec describe? Diffusion transformers, their counts, and their weights in
and out.
"""

import torch

from scaling.models.dit import DiT
from scaling.study.spec import ModelSpec

__all__ = ["DiT", "build_model"]


def build_model(
    spec: ModelSpec,
    *,
    activation_checkpointing: bool = False,
    compile: bool = False,
    device: torch.device | str | None = None,
) -> DiT:
    """The network of ``spec``, newly initialised from torch's global generator, in training mode.

    ``model(x, t, y)``: x (B, channels, I, I) float, t (B,) timesteps, y (B,) labels in
    0..num_classes, the last meaning "no label"; returns (B, out_channels, I, I).

    ``activation_checkpointing`` recomputes each block in the backward pass and keeps only its
    input. ``compile`` compiles the forward pass as one graph, in place: the state dict keeps its
    names. ``device="meta"`` builds the shapes without allocating a weight.
    """
    with torch.device(device or torch.get_default_device()):
        model = DiT(spec, activation_checkpointing)
    if compile:
        model.compile(fullgraph=True)
    return model
