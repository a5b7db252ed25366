"""Do these weights belong to this model? Every mismatch is named; and our own checkpoints.

How files of others are read is in ``stored``.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from torch import Tensor, nn

from scaling.models import without_weights
from scaling.models.stored.state_dicts import RAW, State, check_finite
from scaling.records.shapes import MANIFEST, SPEC
from scaling.study.families import FAMILIES, network_of
from scaling.study.network import Network
from scaling.study.settings import explain
from scaling.study.specs.weights import WeightsSpec

BUFFERS = "buffers.safetensors"  # of a checkpoint: what is beside the weights that are trained


class Format(NamedTuple):
    """A format of weights for other programs."""

    write: Callable[[Path, Network, State], None]
    ending: str  # suffix of the file's or folder's name
    note: str = ""  # printed after the export: what a user of the file must know
    objectives: tuple[str, ...] = ()  # of which models it is a format; empty: of all
    # of a folder that is read by what it says of itself: its files of tensors -> how the names in
    # them begin here, and what gives the entries of our names, where that is not all
    parts: Mapping[str, str] = MappingProxyType({})
    ours: Callable[[Network, State], State] | None = None


def read_training_checkpoint(
    folder: Path, average: str | None = None
) -> tuple[State, Network, str]:
    """The weights and spec of a checkpoint folder of our own training, and the average's name.

    The folder is ``.../runs/ID/checkpoints/step-N``. ``average`` names one of its EMAs
    (``ema-power-0.05``), or is ``weights`` for the raw weights; by default it is the only EMA, if
    there is one. ValueError for an unknown average or a file whose checksum does not match.
    """
    manifest = MANIFEST.read(folder / "manifest.json")
    if manifest is None:
        raise ValueError(f"{folder} holds no manifest.json: take another step")
    emas = manifest["emas"]
    if average is None:
        if len(emas) > 1:
            raise ValueError(
                f"{folder} holds {len(emas)} averages; choose one of {', '.join([*emas, RAW])}"
            )
        average = emas[0] if emas else RAW
    if average not in (*emas, RAW):
        raise ValueError(f"{folder} holds no average {average!r}; it has {', '.join([*emas, RAW])}")
    file = _checked(folder / f"{average}.safetensors", manifest["sha256"])
    described = folder.parents[1] / "spec.json"
    spec = SPEC.read(described)
    if spec is None:
        raise ValueError(
            f"{described} is missing: it says which model the checkpoint {folder} holds"
        )
    state = load_file(file)
    if BUFFERS in manifest["sha256"]:
        state |= load_file(_checked(folder / BUFFERS, manifest["sha256"]))
    check_finite(state, file)
    return state, spec_of(**spec["model"]), average


def _checked(file: Path, sha256: Mapping[str, str]) -> Path:
    """``file``, whose content is that of the manifest's ``sha256``. ValueError where it is not."""
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256.get(file.name):
        raise ValueError(
            f"checkpoint {file} does not match the checksum in its manifest.json: take an older "
            "step"
        )
    return file


def spec_of(**fields) -> Network:
    """The network that ``fields`` describe, by their ``family``; ValueError in one line."""
    try:
        return network_of(fields)
    except ValidationError as error:
        raise ValueError(f"the checkpoint's model is not valid: {explain(error)}") from None


class Entries(NamedTuple):
    """The entries of a network's state dict."""

    shapes: dict[str, tuple[int, ...]]  # by name
    # buffers, frozen parameters, and second names of one tensor; a checkpoint may lack them
    fixed: set[str]


def entries_of(spec: Network) -> Entries:
    """What the state dict of ``spec`` holds."""
    model = without_weights(spec)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    return Entries(shapes, {*shapes} - trained)


def check_fits(spec: Network, state: Mapping[str, Tensor]) -> None:
    """ValueError unless ``state`` has the names and shapes of ``spec``.

    The message names missing keys, unknown keys and wrong shapes. Fixed entries, such as positions,
    may be missing.
    """
    expected, fixed = entries_of(spec)
    missing = sorted(expected.keys() - state.keys() - fixed)
    unknown = sorted(state.keys() - expected.keys())
    wrong = [
        f"{name} is {tuple(state[name].shape)}, not {shape}"
        for name, shape in expected.items()
        if name in state and tuple(state[name].shape) != shape
    ]
    integers = sorted(
        name
        for name in expected.keys() & state.keys() - fixed
        if not state[name].is_floating_point()
    )
    problems = [
        f"{len(names)} {what}: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
        for what, names in (
            ("missing", missing),
            ("unknown", unknown),
            ("of another shape", wrong),
            ("of whole numbers, as if quantised", integers),
        )
        if names
    ]
    if problems:
        text = "; ".join(problems)
        if unknown and not (missing or wrong or integers):
            text += _way_on(unknown, expected)
        raise ValueError(f"weights do not fit {spec.name} at {spec.input_size} px input; {text}")


def _way_on(unknown: Sequence[str], expected: Iterable[str]) -> str:
    """What to do about ``unknown`` entries beside all that are ``expected``."""
    known = {name.partition(".")[0] for name in expected}
    beside = [name.partition(".") for name in unknown if name.partition(".")[0] not in known]
    if len(beside) < len(unknown):
        return "; it is another network: say the file that defines it with --network FILE.py"
    return f"; if they are no part of the network, say --leave-out {''.join(beside[0][:2])}"


@torch.no_grad()
def load_weights(model: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """Copy ``state`` into ``model``; ValueError as ``check_fits``."""
    check_fits(model.spec, state)
    # only fixed entries can be missing here, and the model has those
    model.load_state_dict(dict(state), strict=False)
    return model


def inferred_spec(state: Mapping[str, Tensor], declared: WeightsSpec | None = None) -> Network:
    """The model that a foreign state dict belongs to, which its family reads from names and shapes.

    ``declared`` supplies what they cannot tell. ValueError if no family knows the names, or if an
    entry that tells the shape is missing.
    """
    for family in FAMILIES.values():
        spec = family.recognised(state, declared or WeightsSpec())
        if spec is not None:
            return spec
    first = ", ".join(sorted(state)[:3])
    raise ValueError(
        f"no family knows weights with these names: {first}, ...; families: {', '.join(FAMILIES)}; "
        "of a network of your own, say the file that defines it with --network FILE.py"
    )
