"""Samples a model for ``scaling sample``: a grid of classes here, or many images on Ray workers."""

from collections.abc import Sequence
from pathlib import Path

import ray
from pydantic import ValidationError

from scaling.launch.cluster import connected
from scaling.study.protocol import Protocol
from scaling.study.settings import explain


def run(
    checkpoint: Path,
    *,
    out: Path,
    classes: Sequence[str] = (),
    per_class: int = 8,
    count: int | None = None,
    guidance: float = 1.0,
    steps: int = 250,
    sampler: str | None = None,
    seed: int = 0,
    average: str | None = None,
    vae: str | None = None,
    address: str | None = None,
    gpus: float = 0.0,
) -> str:
    """Sample, and return a line that says where the samples are. ValueError, one line, for what
    cannot be done.
    """
    from scaling.evaluation.class_names import as_labels
    from scaling.evaluation.load import digest, load_checkpoint
    from scaling.evaluation.samples import finish, open_partial, write_grid

    if bool(classes) == (count is not None):
        raise ValueError(
            "say either --classes, as --classes 3 5, for a grid, or --count, for that many images"
        )
    classes = as_labels(classes, checkpoint)
    loaded = load_checkpoint(checkpoint, average)
    flow = loaded.diffusion.objective == "flow"
    try:
        protocol = Protocol(
            samples=count or 2,
            sampling_seed=seed,
            sampler=sampler or ("euler" if flow else "ddpm"),
            sampling_steps=steps,
            guidance=guidance,
            decoder=vae or loaded.vae,
        )
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    if count is None:
        if per_class < 1 or not all(name.isdigit() for name in classes):
            raise ValueError(
                "--classes takes numbers, as --classes 3 5, and --per-class 1 or more; got "
                f"{' '.join(classes)} "
                f"and {per_class}"
            )
        write_grid(loaded, protocol, [int(name) for name in classes], per_class, out)
        return f"{len(classes)} classes of {loaded.spec.name}, {protocol.short}: {out}"
    asked = {"checkpoint": digest(loaded.model), "protocol": protocol.identity_fields()}
    parts = open_partial(loaded, protocol, out, asked)
    if left := parts.left():
        with connected(address):
            # Tried again where a node goes away: a part that is drawn twice is the same.
            draw = ray.remote(_draw).options(num_cpus=1, num_gpus=gpus, max_retries=3)
            weights, folder = str(Path(checkpoint).resolve()), str(parts.folder.resolve())
            asked_of = protocol.model_dump_json()
            ray.get(
                [
                    draw.remote(weights, average, asked_of, folder, rows.start, rows.stop)
                    for rows in left
                ]
            )
    lost = parts.nonfinite
    finish(parts, out)
    return f"{count} samples of {loaded.spec.name}, {protocol.short}: {out}" + (
        f"; {lost} not finite, black" if lost else ""
    )


def _draw(
    checkpoint: str, average: str | None, protocol: str, folder: str, start: int, stop: int
) -> None:
    """Runs in a worker process, which draws one part; ``protocol`` is JSON."""
    from scaling.evaluation.samples import draw_part

    draw_part(
        checkpoint,
        average,
        Protocol.model_validate_json(protocol),
        Path(folder),
        range(start, stop),
    )
