"""Do these weights belong to this model? Reading state dicts safely, and loading them with every
mismatch named.

Understood are the reference's checkpoints (``.pt``, raw or under an ``ema`` key), safetensors
files, and the checkpoint folders of our own training. Pickles are loaded with ``weights_only``: one
that carries code is refused.
"""

import argparse
import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from torch import Tensor

from scaling.models import DiT, build_model
from scaling.study.families.dit import SIZES
from scaling.study.settings import explain
from scaling.study.spec import ModelSpec

State = dict[str, Tensor]
POSITIONS = "pos_embed"  # fixed, so a checkpoint may leave it out, as our own do
# where the reference's training script puts state dicts; EMA is preferred
NESTED = ("ema", "model", "state_dict")
RAW = "weights"  # the average's name that means: none


def read_state(path: Path) -> State:
    """The state dict in a ``.pt`` or ``.safetensors`` file, on the CPU.

    Raises ValueError, one line, for a file that is missing, truncated, carries code or holds no
    state dict.
    """
    if not path.is_file():
        raise ValueError(f"checkpoint {path} does not exist")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # The reference's training script keeps its argparse.Namespace beside the weights: plain
        # data.
        with torch.serialization.safe_globals([argparse.Namespace]):
            data = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # An unknown opcode ("Unsupported operand") is no code, only no pickle.
        code = [
            line.strip()
            for line in str(error).splitlines()
            if "GLOBAL" in line or ("Unsupported" in line and "operand" not in line)
        ]
        if code:
            raise ValueError(
                f"checkpoint {path} carries code and is refused (weights_only): {code[0]}"
            ) from None
        raise ValueError(
            f"checkpoint {path} ({path.stat().st_size} bytes) is damaged: not a whole pickle"
        ) from None
    # arbitrary bytes make an unpickler raise anything, a KeyError among them
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"checkpoint {path} ({path.stat().st_size} bytes) is truncated or damaged: {reason}"
        ) from None
    return _state_dict(path, data)


def _state_dict(path: Path, data) -> State:
    """The state dict in what was loaded: itself, or under one of ``NESTED``."""
    if isinstance(data, Mapping):
        for key in NESTED:
            if isinstance(data.get(key), Mapping):
                data = data[key]
                break
    if (
        not isinstance(data, Mapping)
        or not data
        or not all(isinstance(value, Tensor) for value in data.values())
    ):
        raise ValueError(f"checkpoint {path} holds no state dict, raw or under {', '.join(NESTED)}")
    return dict(data)


def read_training_checkpoint(folder: Path, average: str | None = None) -> tuple[State, ModelSpec]:
    """The weights and spec of a checkpoint folder of our own training,
    ``.../runs/ID/checkpoints/step-N``.

    ``average`` names one of its EMAs (``ema-power-0.05``) or, as ``weights``, none; by default the
    only EMA, if any. Raises ValueError for an average it does not hold and for a file whose
    checksum does not match.
    """
    manifest = json.loads((folder / "manifest.json").read_text())
    emas = manifest["emas"]
    if average is None:
        if len(emas) > 1:
            raise ValueError(
                f"{folder} holds {len(emas)} averages; choose one of {', '.join([*emas, RAW])}"
            )
        average = emas[0] if emas else RAW
    if average not in (*emas, RAW):
        raise ValueError(f"{folder} holds no average {average!r}; it has {', '.join([*emas, RAW])}")
    file = folder / f"{average}.safetensors"
    if (
        not file.is_file()
        or hashlib.sha256(file.read_bytes()).hexdigest() != manifest["sha256"][file.name]
    ):
        raise ValueError(
            f"checkpoint {file} does not match the checksum in its manifest.json: take an older "
            "step"
        )
    described = folder.parents[1] / "spec.json"
    if not described.is_file():
        raise ValueError(
            f"{described} is missing: it says which model the checkpoint {folder} holds"
        )
    return load_file(file), spec_of(**json.loads(described.read_text())["model"])


def spec_of(**fields) -> ModelSpec:
    """``ModelSpec(**fields)``, whose refusal is one line."""
    try:
        return ModelSpec(**fields)
    except ValidationError as error:
        raise ValueError(f"the checkpoint's model is not one: {explain(error)}") from None


def expected_shapes(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """Name and shape of every entry of the state dict, without allocating a weight."""
    return {
        name: tuple(tensor.shape)
        for name, tensor in build_model(spec, device="meta").state_dict().items()
    }


def check_fits(spec: ModelSpec, state: Mapping[str, Tensor]) -> None:
    """ValueError names the keys that are missing, unknown or of another shape than ``spec`` has;
    positions may miss.
    """
    expected = expected_shapes(spec)
    missing = sorted(expected.keys() - state.keys() - {POSITIONS})
    unknown = sorted(state.keys() - expected.keys())
    wrong = [
        f"{name} is {tuple(state[name].shape)}, not {shape}"
        for name, shape in expected.items()
        if name in state and tuple(state[name].shape) != shape
    ]
    problems = [
        f"{len(names)} {what}: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
        for what, names in (("missing", missing), ("unknown", unknown), ("of another shape", wrong))
        if names
    ]
    if problems:
        raise ValueError(
            f"weights do not fit {spec.name} at {spec.input_size} px input; {'; '.join(problems)}"
        )


@torch.no_grad()
def load_weights(model: DiT, state: Mapping[str, Tensor]) -> DiT:
    """Copy ``state`` into ``model``; ValueError as ``check_fits``."""
    check_fits(model.spec, state)
    # only the fixed positions may be missing, and the model has them
    model.load_state_dict(dict(state), strict=False)
    return model


def inferred_spec(state: Mapping[str, Tensor], heads: int | None = None) -> ModelSpec:
    """The model a state dict belongs to, read from names and shapes.

    The number of heads leaves no trace: it is taken from the paper's sizes where depth and width
    are theirs. Raises ValueError where an entry that tells the shape is missing, or ``heads`` is
    needed.
    """
    try:
        width, channels, patch, _ = state["x_embedder.proj.weight"].shape
        tokens = state[POSITIONS].shape[1]
        hidden = state["blocks.0.mlp.fc1.weight"].shape[0]
        pixels = state["final_layer.linear.weight"].shape[0]
        rows = state["y_embedder.embedding_table.weight"].shape[0]
    except KeyError as error:
        raise ValueError(
            f"the state dict has no {error.args[0]}, which tells the model's shape"
        ) from None
    depth = len({name.split(".")[1] for name in state if name.startswith("blocks.")})
    if heads is None:
        heads = {(s.depth, s.width): s.heads for s in SIZES.values()}.get((depth, width))
        if heads is None:
            raise ValueError(
                f"depth {depth} and width {width} are none of {', '.join(SIZES)}; say how many "
                "heads"
            )
    modulation = state.get("blocks.0.adaLN_modulation.1.weight")
    if modulation is not None:
        conditioning = "adaln-zero" if modulation.shape[0] == 6 * width else "adaln"
    else:
        conditioning = "cross-attention" if "blocks.0.cross.q.weight" in state else "in-context"
    # The MLP's width was rounded down from the ratio: half a channel more keeps it there.
    ratio = hidden / width if hidden % width == 0 else (hidden + 0.5) / width
    return spec_of(
        input_size=round(tokens**0.5) * patch,
        channels=channels,
        patch=patch,
        width=width,
        depth=depth,
        heads=heads,
        num_classes=rows - 1,
        mlp_ratio=ratio,
        learn_sigma=pixels == 2 * channels * patch**2,
        conditioning=conditioning,
    )
