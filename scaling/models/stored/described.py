"""What does a safetensors file that we exported say of itself? Its network and its process."""

import json
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from scaling.models.stored.own_networks import Candidate, check_source
from scaling.models.stored.state_dicts import State, check_finite
from scaling.models.weights import spec_of
from scaling.study.network import Network
from scaling.study.settings import explain
from scaling.study.specs.diffusion import DiffusionSpec

KEY = "dit-scaling"  # of the file's metadata, whose values are text


def write_described(
    path: Path,
    spec: Network,
    state: State,
    diffusion: DiffusionSpec | None,
    label_dropout: float | None,
    vae: str | None,
) -> None:
    """Write the state dict of any family under our names, with what is known of it."""
    said = {
        "model": spec.model_dump(mode="json"),
        "diffusion": None if diffusion is None else diffusion.model_dump(mode="json"),
        "label_dropout": label_dropout,
        "vae": vae,
    }
    tensors = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(tensors, path, metadata={"format": "pt", KEY: json.dumps(said)})


def description(path: Path) -> dict | None:
    """What the file says of itself; None if it is not one of ours."""
    if path.suffix != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY)
    except (SafetensorError, OSError):
        return None  # whoever reads its tensors says what is wrong with it
    if text is None:
        return None
    try:
        said = json.loads(text)
        assert isinstance(said["model"], dict)
        said["diffusion"] = said["diffusion"] and DiffusionSpec(**said["diffusion"])
        said["label_dropout"], said["vae"] = said["label_dropout"], said["vae"]
    except ValidationError as error:
        raise ValueError(f"{path}: its metadata {KEY!r}: {explain(error)}") from None
    except (ValueError, KeyError, TypeError, AssertionError):
        raise ValueError(f"{path}: its metadata {KEY!r} is damaged; export it again") from None
    return said


def read_described(path: Path, said: dict, own: tuple[Candidate, ...]) -> tuple[Network, State]:
    """The network and weights of a file with that ``description``."""
    spec = spec_of(**said["model"])
    check_source(spec, own)
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"checkpoint {path} is truncated or damaged: {error}") from None
    check_finite(state, path)
    return spec, state
