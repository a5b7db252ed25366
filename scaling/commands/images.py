"""The verbs of images: encode them into a latent store, measure them against real ones."""

from pathlib import Path
from typing import Annotated

import typer

from scaling.commands.arguments import (
    AddressOption,
    AverageOption,
    CaptionsOption,
    HeadsOption,
    InputSizeOption,
    JsonOption,
    LeaveOutOption,
    NetworkOption,
    NullOption,
    ObjectiveOption,
)
from scaling.commands.places import as_model, as_reference


def encode(
    images: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="A subfolder of images per class, in train/ and val/ or not; or archives, tables. "
            "With --frames, of clips.",
        ),
    ],
    vae: Annotated[
        str,
        typer.Option(
            metavar="PATH_OR_HUB_ID",
            help="An autoencoder of diffusers, such as sd-vae-ft-mse; none: pixels as they are.",
        ),
    ],
    size: Annotated[int, typer.Option(help="Pixels per image side, after the crop.")],
    out: Annotated[Path, typer.Option(metavar="STORE", help="The folder of the latent store.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a store; damaged shards are made again.")
    ] = False,
    upscale: Annotated[
        bool, typer.Option("--upscale", help="Enlarge images smaller than the crop, as ADM does.")
    ] = False,
    allow_unreadable: Annotated[
        bool, typer.Option("--allow-unreadable", help="Go on above 1 % unreadable images.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, help="Images on a GPU at a time.")] = 32,
    shard_images: Annotated[int, typer.Option(min=1, help="Images per shard of the store.")] = 512,
    heldout_labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Classes of held-out images in no folder: ImageNet's devkit, a .csv or .txt.",
        ),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(help="Frames of a clip, each encoded alone; left out: images are encoded."),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(help="Pixels per row of a clip's frame; left out: as many as --size."),
    ] = None,
    address: AddressOption = None,
) -> None:
    """Encode images, or clips frame by frame, by a VAE into a latent store, on every GPU of a Ray
    cluster, or on this machine's CPUs.
    """
    from scaling.encode import encode

    encode(
        images,
        vae,
        size,
        out,
        resume,
        upscale,
        allow_unreadable,
        batch,
        shard_images,
        address,
        heldout_labels,
        frames,
        width,
    )


def evaluate(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT|IMAGES|NPZ",
            parser=as_model,
            help="A model to sample, or samples: ADM's .npz, a folder, a zip, tar or parquet.",
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="DATA|FOLDER|NPZ",
            parser=as_reference,
            help="Real images: digits or cifar10 (:heldout), a folder, an archive, or ADM's .npz.",
        ),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="A field of the protocol, such as features=efficientnet-lite0.",
        ),
    ] = None,
    as_json: JsonOption = False,
    write_reference: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npz",
            help="Keep the reference's statistics in ADM's format; without --reference TARGET's.",
        ),
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
    """Measure anyone's images against real ones, each figure with its sampling error.

    By default FID, KID, precision and recall on Inception's features, of digits on digits-cnn's
    (precision and recall as ADM's); the fields of the protocol are those of evaluate.protocol in a
    study. A checkpoint's samples are kept in the cache until they are measured: killed, the same
    command goes on.

    \b
    scaling evaluate samples.npz --reference imagenet256.npz --protocol 'metrics=["fid","sfid"]'
    scaling evaluate PNGS/ --reference PHOTOS/ --protocol features=efficientnet-lite0
    scaling evaluate results/runs/ID --reference digits --json
    scaling evaluate PHOTOS/ --write-reference photos.npz
    """
    from scaling.evaluation.evaluate import run
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
    print(run(target, reference, protocol or (), as_json, declared, network, write_reference))
