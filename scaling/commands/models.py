"""The verbs of models: count them, write their weights in another layout, sample them."""

from pathlib import Path
from typing import Annotated

import typer

from scaling.commands.arguments import (
    AverageOption,
    CaptionsOption,
    HeadsOption,
    InputSizeOption,
    LeaveOutOption,
    NetworkOption,
    NullOption,
    ObjectiveOption,
    terminal_width,
)
from scaling.commands.places import as_model


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
    frames: Annotated[
        int | None, typer.Option(help="Frames of a clip, for DiTs; without it images.")
    ] = None,
    patch_t: Annotated[int | None, typer.Option(help="Frames that a token spans.")] = None,
    batch: Annotated[int, typer.Option(help="Images per step, for the memory.")] = 32,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list, one object per model.")
    ] = False,
    by_module: Annotated[
        bool, typer.Option("--by-module", help="Also the GMACs of each part.")
    ] = False,
) -> None:
    """Count parameters, Gflops and memory of models, beside the published figures."""
    from scaling.models.counting.count_table import count_models

    print(
        count_models(
            models or (),
            resolution=resolution,
            conditioning=conditioning,
            frames=frames,
            patch_t=patch_t,
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
            parser=as_model,
            help="A run or checkpoint of ours, a file of weights, a diffusers folder or pipeline.",
        ),
    ],
    to: Annotated[
        str,
        typer.Option(help="dit (as published), sit (for SiT's code), diffusers, safetensors."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="File or folder to write; default: the model's name.")
    ] = None,
    average: AverageOption = None,
    objective: ObjectiveOption = None,
    null: NullOption = None,
    heads: HeadsOption = None,
    input_size: InputSizeOption = None,
    leave_out: LeaveOutOption = None,
    caption: CaptionsOption = None,
    network: NetworkOption = None,
) -> None:
    """Write a model's weights in another layout."""
    from scaling.models.formats.export import export_weights
    from scaling.study.specs.weights import WeightsSpec

    declared = WeightsSpec.of_options(
        average=average,
        objective=objective,
        null=null,
        heads=heads,
        input_size=input_size,
        leave_out=leave_out,
        captions=caption,
    )
    print(export_weights(checkpoint, to=to, out=out, declared=declared, network=network))


def sample(
    context: typer.Context,
    checkpoint: Annotated[
        Path,
        typer.Argument(
            parser=as_model,
            help="A run or checkpoint of ours, a file of weights, a diffusers folder or pipeline.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="A .png for a grid; a folder (PNGs), .npy or ADM's .npz for many."),
    ],
    classes: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS...", help="As --classes 3 5; none: of no class."),
    ] = None,
    per_class: Annotated[
        int | None,
        typer.Option(help="Images of each class, of --classes or all; 8 in a row of a grid."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(help="That many images, of random classes or spread evenly over --classes."),
    ] = None,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="Spread --count evenly over all classes.")
    ] = False,
    guidance: Annotated[
        float | None, typer.Option(help="1: none. As a pipeline's paper, else 1.")
    ] = None,
    guidance_channels: Annotated[
        int | None, typer.Option(help="Guide the first so many alone; DiT's and SiT's code: 3.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            help="Sampling steps; SiT's n points are n - 1. As a pipeline's paper, else 250."
        ),
    ] = None,
    sampler: Annotated[
        str | None, typer.Option(help="ddpm, ddim, dpm++; of flow models euler, heun, sde.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Sample i depends on (seed, i) alone.")] = 0,
    average: AverageOption = None,
    objective: ObjectiveOption = None,
    null: NullOption = None,
    heads: HeadsOption = None,
    input_size: InputSizeOption = None,
    leave_out: LeaveOutOption = None,
    caption: CaptionsOption = None,
    network: NetworkOption = None,
    vae: Annotated[
        str | None, typer.Option(help="Decoder of latents: a folder, a hub id, sd-vae-ft-mse.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="auto|HOST:PORT|local", help="A Ray cluster, for many images."),
    ] = None,
    gpus: Annotated[float, typer.Option(help="GPUs of each worker, for many images.")] = 0.0,
) -> None:
    """Sample a model: a grid of classes, or many images for an evaluation.

    Many images are drawn over Ray workers; killed, the same command goes on.
    """
    from scaling.launch.sampling import run
    from scaling.study.specs.weights import WeightsSpec

    print(
        run(
            checkpoint,
            out=out,
            classes=[*(classes or ()), *context.args],
            per_class=per_class,
            count=count,
            balanced=balanced,
            guidance=guidance,
            guidance_channels=guidance_channels,
            steps=steps,
            sampler=sampler,
            seed=seed,
            vae=vae,
            address=address,
            gpus=gpus,
            declared=WeightsSpec.of_options(
                average=average,
                objective=objective,
                null=null,
                heads=heads,
                input_size=input_size,
                leave_out=leave_out,
                captions=caption,
            ),
            network=network,
        )
    )
