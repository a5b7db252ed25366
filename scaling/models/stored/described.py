"""What does a safetensors file that we exported say of itself? Its network and its process."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError, with_config
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from typing_extensions import TypedDict

from scaling.models.stored.own_networks import Candidate, check_source
from scaling.models.stored.state_dicts import State, check_finite
from scaling.models.weights import spec_of
from scaling.records.parsed import STRICT, wrong
from scaling.study.network import Network
from scaling.study.specs.diffusion import DiffusionSpec

KEY = "dit-scaling"  # of the file's metadata, whose values are text


@with_config(STRICT)
class Said(TypedDict):
    """What the metadata holds, as JSON."""

    model: dict[str, Any]
    diffusion: DiffusionSpec | None
    label_dropout: Annotated[float, Field(ge=0, lt=1)] | None
    vae: str | None


SAID = TypeAdapter(Said)


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


def description(path: Path) -> Said | None:
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
        return SAID.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"{path}: its metadata {KEY!r}: {wrong(error)}; export it again") from None


def read_described(path: Path, said: Said, own: tuple[Candidate, ...]) -> tuple[Network, State]:
    """The network and weights of a file with that ``description``."""
    spec = spec_of(**said["model"])
    check_source(spec, own)
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"checkpoint {path} is truncated or damaged: {error}") from None
    check_finite(state, path)
    return spec, state
