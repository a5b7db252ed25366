"""The verbs of models: count them, write their weights in another layout, sample them."""

from pathlib import Path
from typing import Annotated

import typer

from scaling.commands.arguments import AverageOption, terminal_width


def count(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help="Such as DiT-XL/2; default: the paper's 16 published figures.",
        ),
    ] = None,
    resolution: Annotated[int | None, typer.Option(help="Pixels per image side.")] = None,
    conditioning: Annotated[
        str | None, typer.Option(help="adaln-zero, adaln, cross-attention or in-context.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Images per step, for the memory.")] = 32,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list, one object per model.")
    ] = False,
    by_module: Annotated[
        bool, typer.Option("--by-module", help="Also the GMACs of each part.")
    ] = False,
) -> None:
    """Count parameters, Gflops and memory of models, beside the published figures."""
    from scaling.models.count_table import run

    print(
        run(
            models or (),
            resolution=resolution,
            conditioning=conditioning,
            batch=batch,
            json=as_json,
            by_module=by_module,
            width=terminal_width(),
        )
    )


def export(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            help="A checkpoint folder of ours, a .pt state dict, or a diffusers folder."
        ),
    ],
    to: Annotated[str, typer.Option(help="dit (the published layout) or diffusers.")],
    out: Annotated[
        Path | None, typer.Option(help="File or folder to write; default: the model's name.")
    ] = None,
    average: AverageOption = None,
    heads: Annotated[
        int | None, typer.Option(help="Attention heads, where the weights do not tell.")
    ] = None,
) -> None:
    """Write a model's weights in another layout."""
    from scaling.models.export import run

    print(run(checkpoint, to=to, out=out, average=average, heads=heads))


def sample(
    context: typer.Context,
    checkpoint: Annotated[
        Path,
        typer.Argument(help="A run or checkpoint folder of ours, a .pt, or a diffusers folder."),
    ],
    out: Annotated[
        Path,
        typer.Option(help="A .png for a grid; a folder (PNGs), .npy or ADM's .npz for --count."),
    ],
    classes: Annotated[
        list[str] | None, typer.Option(metavar="CLASS...", help="A row each: --classes 3 5.")
    ] = None,
    per_class: Annotated[int, typer.Option(help="Samples in a row of the grid.")] = 8,
    count: Annotated[
        int | None,
        typer.Option(help="That many images of random classes, over Ray workers; resumes."),
    ] = None,
    guidance: Annotated[float, typer.Option(help="1: none.")] = 1.0,
    steps: Annotated[int, typer.Option(help="Sampling steps.")] = 250,
    sampler: Annotated[
        str | None, typer.Option(help="ddpm, ddim, dpm++; of flow models euler, heun, sde.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Sample i depends on (seed, i) alone.")] = 0,
    average: AverageOption = None,
    vae: Annotated[
        str | None, typer.Option(help="Decoder of latents: a folder, a hub id, sd-vae-ft-mse.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(metavar="auto|HOST:PORT|local", help="A Ray cluster, for --count.")
    ] = None,
    gpus: Annotated[float, typer.Option(help="GPUs of each worker, for --count.")] = 0.0,
) -> None:
    """Sample a model: a grid of classes, or many images for an evaluation."""
    from scaling.launch.sampling import run

    print(
        run(
            checkpoint,
            out=out,
            classes=[*(classes or ()), *context.args],
            per_class=per_class,
            count=count,
            guidance=guidance,
            steps=steps,
            sampler=sampler,
            seed=seed,
            average=average,
            vae=vae,
            address=address,
            gpus=gpus,
        )
    )
