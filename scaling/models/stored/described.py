"""What do weights that we exported say of themselves? Their network and their process.

A safetensors file says it in its metadata, a folder of diffusers' layout in a file beside.
"""

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
BESIDE = "dit-scaling.json"  # in a folder


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
    tensors = {name: tensor.contiguous() for name, tensor in state.items()}
    said = said_of(spec, diffusion, label_dropout, vae)
    save_file(tensors, path, metadata={"format": "pt", KEY: said})


def said_of(
    spec: Network, diffusion: DiffusionSpec | None, label_dropout: float | None, vae: str | None
) -> str:
    """What is known of weights, as JSON."""
    said = {
        "model": spec.model_dump(mode="json"),
        "diffusion": None if diffusion is None else diffusion.model_dump(mode="json"),
        "label_dropout": label_dropout,
        "vae": vae,
    }
    return json.dumps(said)


def description(path: Path) -> Said | None:
    """What the file or folder says of itself; None if it is not one of ours."""
    if path.is_dir():
        place, text = str(path / BESIDE), _beside(path)
    else:
        place, text = f"{path}: its metadata {KEY!r}", _within(path)
    if text is None:
        return None
    try:
        return SAID.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"{place}: {wrong(error)}; export it again") from None


def _beside(folder: Path) -> bytes | None:
    file = folder / BESIDE
    return file.read_bytes() if file.is_file() else None


def _within(path: Path) -> str | None:
    if path.suffix != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get(KEY)
    except (SafetensorError, OSError):
        return None  # whoever reads its tensors says what is wrong with it


def read_described(path: Path, said: Said, own: tuple[Candidate, ...]) -> tuple[Network, State]:
    """The network and weights of a file or folder with that ``description``.

    A folder has a file of tensors for each of the parts that its family's format names.
    """
    spec = spec_of(**said["model"])
    check_source(spec, own)
    if not path.is_dir():
        return spec, _tensors(path)
    form = next((each for each in spec.formats().values() if each.parts), None)
    state: State = {}
    for file, begins in form.parts.items() if form else ():
        if (path / file).is_file():  # what lacks is named with the network's entries
            state |= {begins + name: value for name, value in _tensors(path / file).items()}
    return spec, form.ours(spec, state) if form and form.ours else state


def _tensors(path: Path) -> State:
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"checkpoint {path} is truncated or damaged: {error}") from None
    check_finite(state, path)
    return state
