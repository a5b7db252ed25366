"""What may be sampled from a checkpoint? Its network with the chosen average, and the process that
it was trained for.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from scaling.models import build_model
from scaling.models.export import open_checkpoint
from scaling.models.weights import load_weights
from scaling.records.files import read_json
from scaling.study.network import Network
from scaling.study.spec import DiffusionSpec


@dataclass(frozen=True)
class Loaded:
    """A network in evaluation mode and what its training says; None where a bare file of weights
    does not tell.
    """

    model: nn.Module
    spec: Network
    diffusion: DiffusionSpec
    label_dropout: float | None
    vae: str | None  # of the latents that it makes


def load_checkpoint(path: Path | str, average: str | None = None) -> Loaded:
    """The network in ``path``, anything that ``open_checkpoint`` takes; weights without a spec.json
    are taken for DDPM's.

    Raises ValueError, one line, for a checkpoint that is missing, damaged or holds no average of
    that name.
    """
    spec, state = open_checkpoint(path, average=average)
    trained = _training_of(Path(path)) or {}
    return Loaded(
        load_weights(build_model(spec), state).eval(),
        spec,
        DiffusionSpec(**trained.get("diffusion", {})),
        trained.get("train", {}).get("label_dropout"),
        trained.get("data", {}).get("vae"),
    )


def digest(model: nn.Module) -> str:
    """What tells a network's weights from others: 16 digits of their SHA-256."""
    found = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        found.update(name.encode() + tensor.cpu().numpy().tobytes())
    return found.hexdigest()[:16]


def _training_of(path: Path) -> dict | None:
    """The spec.json of the run that ``path``, its folder or a checkpoint in it, belongs to."""
    for folder in (path, *path.resolve().parents[:2]):
        if (folder / "spec.json").is_file() and (folder / "checkpoints").is_dir():
            return read_json(folder / "spec.json")
    return None
