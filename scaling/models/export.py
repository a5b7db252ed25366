"""How are weights read and written? Opening any checkpoint, and ``scaling export``."""

import os
import shutil
import uuid
from pathlib import Path

from torch import nn

from scaling.models import build_model
from scaling.models.diffusers_format import CONFIG, read_diffusers
from scaling.models.weights import (
    State,
    check_fits,
    inferred_spec,
    load_weights,
    read_state,
    read_training_checkpoint,
)
from scaling.records.files import named
from scaling.study.network import FAMILIES, Network


def open_checkpoint(
    path: Path | str, *, average: str | None = None, heads: int | None = None
) -> tuple[Network, State]:
    """The spec and the weights in ``path``, under our names, with positions.

    ``path`` is a reference checkpoint (.pt), a safetensors file, a diffusers folder (or a
    pipeline's, with ``transformer/``), a checkpoint folder of our own training, or a run's folder
    (its newest checkpoint). ``average`` chooses among the EMAs of our own checkpoints. ``heads``
    supplies what a bare state dict cannot tell. ValueError, in one line, names what is missing,
    damaged or does not fit.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"checkpoint {path} does not exist")
    if path.is_dir():
        if (path / "checkpoints").is_dir():
            steps = sorted((path / "checkpoints").glob("step-*"))
            if not steps:
                raise ValueError(f"run {path} has no checkpoint yet")
            path = steps[-1]
        if (path / "transformer" / CONFIG).is_file():
            path = path / "transformer"
        if (path / "manifest.json").is_file():
            state, spec = read_training_checkpoint(path, average)
        elif (path / CONFIG).is_file():
            spec, state = read_diffusers(path)
        else:
            raise ValueError(
                f"{path} holds neither manifest.json (our training's) nor {CONFIG} (diffusers')"
            )
    else:
        state = read_state(path)
        spec = inferred_spec(state, heads)
    check_fits(spec, state)
    return spec, {**spec.fixed_tensors(), **state}


def load_model(path: Path | str, **choices) -> nn.Module:
    """The network in ``path``, in evaluation mode; options and errors as ``open_checkpoint``."""
    spec, state = open_checkpoint(path, **choices)
    return load_weights(build_model(spec), state).eval()


def run(
    checkpoint: Path | str,
    *,
    to: str,
    out: Path | str | None = None,
    average: str | None = None,
    heads: int | None = None,
) -> str:
    """Write ``checkpoint`` in the format ``to``, and say where; the text of ``scaling export``.

    ``out`` is a file for "dit" (a raw state dict, as the published checkpoints) and a folder for
    "diffusers"; by default it is named after the model and lies in the current folder. ValueError
    for a format that the model's family does not have, an ``out`` that exists, or a bad checkpoint.
    """
    known = list(dict.fromkeys(name for f in FAMILIES.values() for name in f.FORMATS))
    if to not in known:
        raise ValueError(f"unknown format {to!r}; known: {', '.join(known)}")
    spec, state = open_checkpoint(checkpoint, average=average, heads=heads)
    formats = spec.formats()
    if to not in formats:
        raise ValueError(
            f"family {spec.family!r} of {spec.name} is not written as {to!r}; its formats: "
            f"{', '.join(formats) or 'none, its checkpoints are safetensors files'}"
        )
    chosen = formats[to]
    out = Path(out) if out is not None else Path(f"{spec.slug}{chosen.ending}")
    if out.exists():
        raise ValueError(f"{out} exists; remove it or give another --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    # renamed once complete, so no reader sees half of it
    aside = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}")
    try:
        with named(out):
            chosen.write(aside, spec, state)
        os.replace(aside, out)
    finally:
        if aside.is_dir():
            shutil.rmtree(aside)
        else:
            aside.unlink(missing_ok=True)
    said = f"{spec.name} ({spec.input_size} px input) written to {out}"
    return f"{said}\n{chosen.note}" if chosen.note else said
