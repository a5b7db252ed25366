"""Samples a model for ``scaling sample``: a picture here, or many images on Ray workers."""

import functools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import ray
from pydantic import BeforeValidator, SerializeAsAny, ValidationError

from scaling.launch.cluster import check_cluster, connected, refusals
from scaling.launch.preflight import check_gpus
from scaling.launch.tasks.job import load_networks
from scaling.study.families import network_of
from scaling.study.families.outside.shipped import Shipped
from scaling.study.network import Network
from scaling.study.specs.diffusion import DiffusionSpec
from scaling.study.specs.identity import Spec
from scaling.study.specs.protocol import Protocol
from scaling.study.specs.weights import WeightsSpec

STEPS = 250  # of sampling, where neither a person nor a pipeline's paper says another number
# field of the protocol -> the option that sets it
OPTIONS = {
    "sampling_seed": "--seed",
    "sampling_steps": "--steps",
    "guidance_channels": "--guidance-channels",
    "decoder": "--vae",
}


class Drawing(Spec):
    """What crosses Ray to draw parts of many images: frozen, as JSON text."""

    shipped: Shipped = Shipped()
    checkpoint: str  # as every worker sees it
    weights: str  # the digest of what it holds
    declared: WeightsSpec
    # a network of the user's file, and what its study says of it
    model: Annotated[SerializeAsAny[Network] | None, BeforeValidator(network_of)] = None
    diffusion: DiffusionSpec | None = None
    protocol: Protocol
    folder: str  # of the parts
    count: int
    classes: tuple[int, ...] | None


def run(
    checkpoint: Path,
    *,
    out: Path,
    classes: Sequence[str] = (),
    per_class: int | None = None,
    count: int | None = None,
    balanced: bool = False,
    guidance: float | None = None,
    guidance_channels: int | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    seed: int = 0,
    vae: str | None = None,
    address: str | None = None,
    gpus: float = 0.0,
    declared: WeightsSpec | None = None,
    network: Path | None = None,
) -> str:
    """Sample, and return lines that say where the samples are and which weights made them.

    ValueError, one line, for what cannot be done, before anything is sampled.
    """
    from scaling.evaluation.sampling.class_names import as_labels
    from scaling.evaluation.sampling.load import digest, load_checkpoint
    from scaling.evaluation.sampling.samples import (
        asked_partial,
        finish,
        image_channels,
        write_grid,
    )
    from scaling.evaluation.sampling.wanted import (
        PICTURE,
        check_place,
        check_request,
        check_space,
        suffix_of,
        wanted,
    )

    classes = as_labels(classes, checkpoint)
    check_request(out, classes, per_class, count, balanced)
    check_place(out)
    picture = suffix_of(out) == PICTURE
    if picture and (address is not None or gpus):
        raise ValueError(
            f"{'--address' if gpus == 0 else '--gpus'} is for many images, on Ray workers; the "
            f"picture {out} is drawn here"
        )
    check_gpus(gpus, option="--gpus")
    if guidance_channels is not None and guidance in (None, 1.0):
        raise ValueError("--guidance-channels without --guidance: nothing would be guided")
    declared = declared or WeightsSpec()
    loaded = load_checkpoint(checkpoint, declared=declared, network=network)
    flow = loaded.diffusion.objective == "flow"
    usual = {"sampler": "euler" if flow else "ddpm", "sampling_steps": STEPS, "guidance": 1.0}
    said = {"sampler": sampler, "sampling_steps": steps, "guidance": guidance}
    how_sampled: dict = usual | loaded.protocol_with(sampler)
    how_sampled |= {name: value for name, value in said.items() if value is not None}
    guided = how_sampled["guidance"] != 1.0
    asked_for = wanted(loaded, out, classes, per_class, count, balanced, guided)
    protocol = protocol_of(
        samples=max(2, asked_for.count),
        sampling_seed=seed,
        guidance_channels=guidance_channels,
        decoder=vae or loaded.vae,
        **how_sampled,
    )
    how = f"of {loaded.spec.name}, {protocol.short}: {out}"
    if picture:
        write_grid(loaded, protocol, asked_for, out)
        rows = f"{len(asked_for.classes or ())} classes"
        what = f"{asked_for.count} images" if loaded.spec.condition == "none" else rows
        return "\n".join((f"{what} {how}", *loaded.said))
    places = math.prod(loaded.spec.input_shape[1:])  # pixels of one channel, over all frames
    check_space(out, asked_for.count, places * image_channels(loaded, protocol))
    asked: dict = {
        "checkpoint": digest(loaded.model),
        "objective": loaded.diffusion.objective,
        "protocol": protocol.identity_fields(),
        "count": asked_for.count,
        "classes": None if asked_for.classes is None else list(asked_for.classes),
    }
    parts = asked_partial(loaded, protocol, out, asked, asked_for.count)
    if left := parts.left():
        drawing = Drawing(
            shipped=Shipped.of([loaded.spec]),
            checkpoint=str((loaded.place or Path(checkpoint)).resolve()),
            weights=asked["checkpoint"],
            declared=declared,
            model=loaded.spec if network else None,
            diffusion=loaded.diffusion if network else None,
            protocol=protocol,
            folder=str(parts.folder.resolve()),
            count=asked_for.count,
            classes=asked_for.classes,
        ).model_dump_json()
        with connected(address) as cluster, refusals():
            check_cluster(cluster, gpus, option="--gpus")
            parts.begin(asked)
            # Tried again where a node goes away: a part that is drawn twice is the same.
            draw = ray.remote(_draw).options(num_cpus=1, num_gpus=gpus, max_retries=3)
            ray.get([draw.remote(drawing, rows.start, rows.stop) for rows in left])
    lost = parts.nonfinite
    finish(parts, out)
    first = f"{asked_for.count} samples {how}" + (f"; {lost} not finite, black" if lost else "")
    return "\n".join((first, *loaded.said))


def protocol_of(**fields) -> Protocol:
    """The protocol that a command's options describe; ValueError names the option."""
    try:
        return Protocol(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise ValueError(first["msg"].removeprefix("Value error, ")) from None
        field = str(first["loc"][0])
        option = OPTIONS.get(field, f"--{field}")
        raise ValueError(f"{option} {first['input']}: {first['msg']}") from None


@functools.lru_cache(maxsize=1)
def _loaded(text: str):
    """The drawing, validated again, and its network; a worker keeps them from part to part."""
    from scaling.evaluation.sampling.load import digest, load_checkpoint
    from scaling.models.stored.own_networks import Candidate

    load_networks(text)
    drawing = Drawing.model_validate_json(text)
    own: tuple[Candidate, ...] = ()
    if drawing.model is not None:
        own = (Candidate(drawing.model, Path(drawing.checkpoint), drawing.diffusion),)
    loaded = load_checkpoint(drawing.checkpoint, declared=drawing.declared, own=own)
    if digest(loaded.model) != drawing.weights:
        raise ValueError(f"{drawing.checkpoint} changed while it was sampled; sample it again")
    return drawing, loaded


def _draw(text: str, start: int, stop: int) -> None:
    """Runs in a worker process, which draws one part; ``text`` is a Drawing."""
    from scaling.evaluation.sampling.samples import draw_part
    from scaling.evaluation.sampling.wanted import Wanted

    drawing, loaded = _loaded(text)
    draw_part(
        loaded,
        drawing.protocol,
        Path(drawing.folder),
        range(start, stop),
        wanted=Wanted(drawing.count, drawing.classes),
    )
