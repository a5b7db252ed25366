"""How is a checkpoint loaded for sampling? Its network, and the process it was trained for."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from scaling.models import build_model
from scaling.models.export import open_checkpoint
from scaling.models.weights import load_weights
from scaling.records.shapes import SPEC, Described
from scaling.study.network import Network
from scaling.study.spec import DiffusionSpec


@dataclass(frozen=True)
class Loaded:
    """A network in evaluation mode, and what its training says.

    Values that a bare file of weights does not tell are None.
    """

    model: nn.Module
    spec: Network
    diffusion: DiffusionSpec
    label_dropout: float | None
    vae: str | None  # the VAE of the latents that the network makes
    size: int | None = None  # pixels per side of the images that those latents were made of


def load_checkpoint(path: Path | str, average: str | None = None) -> Loaded:
    """The network in ``path``, anything that ``open_checkpoint`` takes.

    Weights without a spec.json are assumed to be DDPM's. ValueError, in one line, for a checkpoint
    that is missing, damaged, or has no average of that name.
    """
    spec, state = open_checkpoint(path, average=average)
    trained = _training_of(Path(path))
    return Loaded(
        load_weights(build_model(spec), state).eval(),
        spec,
        DiffusionSpec(**trained["diffusion"]) if trained else DiffusionSpec(),
        trained["train"].get("label_dropout") if trained else None,
        trained["data"].get("vae") if trained else None,
        trained["data"].get("size") if trained and trained["data"].get("vae") else None,
    )


def digest(model: nn.Module) -> str:
    """The identity of a network's weights: 16 digits of their SHA-256."""
    sha256 = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        sha256.update(name.encode() + tensor.cpu().numpy().tobytes())
    return sha256.hexdigest()[:16]


def _training_of(path: Path) -> Described | None:
    """The spec.json of the run that ``path`` belongs to: the run's folder or a checkpoint in it."""
    for folder in (path, *path.resolve().parents[:2]):
        if (folder / "spec.json").is_file() and (folder / "checkpoints").is_dir():
            return SPEC.read(folder / "spec.json")
    return None
