"""How is a network of diffusers written that a family of ours wraps? As diffusers' own folder.

The folder holds ``config.json`` and the weights under diffusers' names. What a family learns
beside, a vector or a sequence for each label, no class of diffusers has: it lies beside as
``labels.safetensors``, under our names, in its last row that of no label. By ``dit-scaling.json``,
which ``scaling export`` adds, the folder is read here again.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

from scaling.models.weights import Format, State, check_fits
from scaling.study.network import Network

WEIGHTS, LABELS = "diffusion_pytorch_model.safetensors", "labels.safetensors"


def diffusers_format(inner: str, note: str) -> Format:
    """The format of a family whose module holds diffusers' network as ``inner``."""

    def write(folder: Path, spec: Network, state: State) -> None:
        check_fits(spec, state)
        with torch.device("meta"):
            network = getattr(spec.build(), inner)
        begins = f"{inner}."
        theirs = {k.removeprefix(begins): v for k, v in state.items() if k.startswith(begins)}
        beside = {k: v.contiguous() for k, v in state.items() if not k.startswith(begins)}
        folder.mkdir(parents=True, exist_ok=True)
        network.save_config(folder)
        weights = {name: tensor.clone().contiguous() for name, tensor in theirs.items()}
        save_file(weights, folder / WEIGHTS, {"format": "pt"})
        if beside:
            save_file(beside, folder / LABELS)

    return Format(write, "-diffusers", note, parts={WEIGHTS: f"{inner}.", LABELS: ""})
