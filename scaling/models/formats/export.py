"""How are weights written for other programs? ``scaling export``."""

import os
import shutil
import uuid
from pathlib import Path

from torch import nn

from scaling.models import build_model
from scaling.models.stored.described import BESIDE, said_of, write_described
from scaling.models.stored.open_weights import Opened, open_weights
from scaling.models.stored.own_networks import networks_in
from scaling.models.weights import Format, State, load_weights
from scaling.records.files import named
from scaling.study.network import FAMILIES, Network
from scaling.study.specs.weights import WeightsSpec

ANY = ("safetensors",)  # formats of every family
FLOW = "they predict a flow's velocity, noise - image, with time 1 at the noise"
FLOW_OF_DIT = (
    ": not what DiT's code\n"
    "samples; here, open them with --objective flow; for SiT's code, export with --to sit"
)


def of_any_family(opened: Opened) -> dict[str, Format]:
    """The formats that any network has: a safetensors file that says what it is."""

    def write(path: Path, spec: Network, state: State) -> None:
        write_described(path, spec, state, opened.diffusion, opened.label_dropout, opened.vae)

    return {"safetensors": Format(write, ".safetensors")}


def open_checkpoint(
    path: Path | str, *, average: str | None = None, heads: int | None = None
) -> tuple[Network, State]:
    """The spec and the weights in ``path``, under our names, with positions.

    What ``path`` may be, and errors, are those of ``open_weights``, which also says what else is
    known of the weights. ``average`` chooses among several sets, ``heads`` supplies what a bare
    state dict cannot tell.
    """
    opened = open_weights(path, WeightsSpec(average=average, heads=heads))
    return opened.spec, opened.state


def load_model(path: Path | str, **choices) -> nn.Module:
    """The network in ``path``, in evaluation mode; options and errors as ``open_checkpoint``."""
    spec, state = open_checkpoint(path, **choices)
    return load_weights(build_model(spec), state).eval()


def export_weights(
    checkpoint: Path | str,
    *,
    to: str,
    out: Path | str | None = None,
    average: str | None = None,
    heads: int | None = None,
    declared: WeightsSpec | None = None,
    network: Path | str | None = None,
) -> str:
    """Write ``checkpoint`` in the format ``to``, and say where; the text of ``scaling export``.

    ``out`` is a file for "dit" (a raw state dict, as the published checkpoints), "sit" (the same
    for SiT's code) and "safetensors", and a folder for "diffusers"; by default it is named after
    the model and lies in the current folder. ``declared`` (or ``average`` and ``heads`` alone) and
    ``network``, a user's file, are as for ``open_weights``. ValueError for a format that the
    model's family does not have, an ``out`` that exists, or a bad checkpoint.
    """
    known = list(dict.fromkeys([*(n for f in FAMILIES.values() for n in f.FORMATS), *ANY]))
    if to not in known:
        raise ValueError(f"unknown format {to!r}; known: {', '.join(known)}")
    declared = declared or WeightsSpec(average=average, heads=heads)
    opened = open_weights(checkpoint, declared, networks_in(network))
    spec, state = opened.spec, opened.state
    formats = {**spec.formats(), **of_any_family(opened)}
    if to not in formats:
        raise ValueError(
            f"family {spec.family!r} of {spec.name} is not written as {to!r}; its formats: "
            f"{', '.join(formats)}"
        )
    chosen = formats[to]
    learned = None if opened.diffusion is None else opened.diffusion.objective
    if chosen.objectives and learned not in chosen.objectives:
        raise ValueError(
            f"{to!r} is a format of models trained as {' or '.join(chosen.objectives)}; "
            f"{checkpoint} was trained as {learned or 'nobody says what: give --objective'}"
        )
    unusual = None if opened.diffusion is None else opened.diffusion.prediction
    if unusual is not None and to not in ANY:
        expected = "a flow's velocity" if learned == "flow" else "epsilon"
        raise ValueError(
            f"{to!r} is read by code that expects {expected}, and {checkpoint} predicts "
            f"{unusual} (diffusion.prediction); export with --to {ANY[0]}, which says so"
        )
    scale = 1.0 if opened.diffusion is None else opened.diffusion.time_scale
    if scale != 1 and chosen.objectives:
        raise ValueError(
            f"{to!r} is read by code that tells the network t in 0 .. 1, and {checkpoint} was told "
            f"{scale:g} t (diffusion.time_scale); export with --to dit, and tell it so yourself"
        )
    out = Path(out) if out is not None else Path(f"{spec.slug}{chosen.ending}")
    if out.exists():
        raise ValueError(f"{out} exists; remove it or give another --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    # renamed once complete, so no reader sees half of it
    aside = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}")
    try:
        with named(out):
            chosen.write(aside, spec, state)
            if chosen.parts:
                known_of = (opened.diffusion, opened.label_dropout, opened.vae)
                (aside / BESIDE).write_text(said_of(spec, *known_of) + "\n")
        os.replace(aside, out)
    finally:
        if aside.is_dir():
            shutil.rmtree(aside)
        else:
            aside.unlink(missing_ok=True)
    lines = [f"{spec.name} ({spec.input_size} px input) written to {out}", *opened.said]
    if learned == "flow" and not chosen.objectives and to not in ANY:
        lines.append(
            FLOW
            + (FLOW_OF_DIT if "sit" in formats else "")
            + (f"; tell the network {scale:g} t" if scale != 1 else "")
        )
    return "\n".join(filter(None, (*lines, chosen.note)))
