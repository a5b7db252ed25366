"""Which jobs does the ``scaling`` command do? A verb per job; each imports its room only when
called.
"""

import atexit
import contextlib
import gc
import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Scaling studies of diffusion transformers.",
)

StudyFolderArgument = Annotated[
    Path, typer.Argument(metavar="RESULTS/STUDY", help="A study's results folder.")
]


@app.command()
def sweep(
    study: Annotated[
        str, typer.Argument(help="A name in experiments/, or a path to a .py file.")
    ] = "digits",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Set a field of every trial (train.steps=100), or seeds=3.",
        ),
    ] = None,
    results: Annotated[
        Path, typer.Option(metavar="ROOT", help="Results root; the study is ROOT/NAME.")
    ] = Path("results"),
    address: Annotated[
        str | None,
        typer.Option(
            metavar="auto|HOST:PORT|local",
            help="A Ray cluster; default: $RAY_ADDRESS, else this machine.",
        ),
    ] = None,
    gpus_per_trial: Annotated[
        float, typer.Option(help="GPUs each trial reserves; below 1 it shares one.")
    ] = 0.0,
    workers_per_trial: Annotated[
        int, typer.Option(min=1, help="Processes that share each batch of a training, one per GPU.")
    ] = 1,
    parallel: Annotated[
        Literal["ddp", "fsdp"],
        typer.Option(help="Several workers hold copies of the weights, or a share each."),
    ] = "ddp",
    micro_batch: Annotated[
        int | None, typer.Option(min=1, help="Images computed at once; the batch stays.")
    ] = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Train through torch.compile.")
    ] = False,
    activation_checkpointing: Annotated[
        bool,
        typer.Option("--activation-checkpointing", help="Less memory, a third more computing."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the priced trials and stop.")
    ] = False,
) -> None:
    """Run a study on Ray and answer it: records, figures, report. The same command again
    resumes.
    """
    from scaling.study.execution import Execution
    from scaling.sweep import sweep

    execution = Execution(
        workers=workers_per_trial,
        parallel=parallel,
        micro_batch=micro_batch,
        compile=compile,
        activation_checkpointing=activation_checkpointing,
    )
    raise typer.Exit(
        sweep(study, settings or (), results, address, gpus_per_trial, dry_run, execution)
    )


@app.command()
def status(
    folder: StudyFolderArgument,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list, one object per trial; unknown is null.")
    ] = False,
) -> None:
    """Show how each trial of a study stands."""
    from scaling.records import StudyFolder, trial_rows

    rows = trial_rows(folder)
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        from scaling.progress import show_outcome

        show_outcome(StudyFolder(folder), rows, interrupted=False)


@app.command()
def report(
    folder: StudyFolderArgument,
    live: Annotated[
        bool,
        typer.Option("--live", help="A sweep is running: the page reloads itself till it ends."),
    ] = False,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare", metavar="RESULTS/OTHER", help="A study of the same rungs to compare with."
        ),
    ] = None,
    across_protocols: Annotated[
        bool,
        typer.Option(
            "--across-protocols",
            help="Put figures that were measured differently beside each other, too, and say so.",
        ),
    ] = False,
) -> None:
    """Draw a study's figures again and write its report.html."""
    from analysis.report.helper import helper

    # beside a sweep one core is enough
    with contextlib.nullcontext() if live else helper() as other:
        from analysis.report import write_report

        print(
            write_report(
                folder, live=live, other=compare, across_protocols=across_protocols, helper=other
            )
        )


@app.command()
def compare(
    a: Annotated[
        Path,
        typer.Argument(metavar="RESULTS/A", help="The results folder of the recipe compared with."),
    ],
    b: Annotated[
        Path, typer.Argument(metavar="RESULTS/B", help="That of the other recipe, the same rungs.")
    ],
    metric: Annotated[str, typer.Option(help="fid, kid, heldout_loss or heldout_mse.")] = "fid",
    across_protocols: Annotated[
        bool,
        typer.Option(
            "--across-protocols", help="Compare figures that were measured differently, too."
        ),
    ] = False,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the multipliers, .png or .svg.")
    ] = None,
) -> None:
    """How many times the compute of recipe B recipe A would need, at each rung, with its trend and
    crossover.
    """
    from analysis.answers.compare import compare
    from analysis.answers.comparison_text import compare_text

    found = compare(a, b, metric, across_protocols)
    print(compare_text(found))
    if figure is not None:
        from analysis.figures.compare import multipliers
        from analysis.report.pictures import images

        kind = figure.suffix.lstrip(".") or "png"
        figure.write_bytes(images(multipliers(found, a.name, b.name), (kind,))[kind])


@app.command()
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
        )
    )


@app.command()
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
    average: Annotated[
        str | None, typer.Option(help="Which average of a checkpoint of ours, as ema-power-0.05.")
    ] = None,
    heads: Annotated[
        int | None, typer.Option(help="Attention heads, where the weights do not tell.")
    ] = None,
) -> None:
    """Write a model's weights in another layout."""
    from scaling.models.export import run

    print(run(checkpoint, to=to, out=out, average=average, heads=heads))


@app.command(context_settings={"allow_extra_args": True})
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
    average: Annotated[
        str | None, typer.Option(help="Which average of a checkpoint of ours, as ema-power-0.05.")
    ] = None,
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


@app.command()
def encode(
    images: Annotated[
        Path, typer.Option(metavar="DIR", help="A folder with a subfolder of images per class.")
    ],
    vae: Annotated[
        str,
        typer.Option(
            metavar="PATH_OR_HUB_ID", help="A diffusers AutoencoderKL, such as sd-vae-ft-mse."
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
    address: Annotated[
        str | None,
        typer.Option(
            metavar="auto|HOST:PORT|local",
            help="A Ray cluster; default: $RAY_ADDRESS, else this machine.",
        ),
    ] = None,
) -> None:
    """Encode images by a VAE into a latent store, on every GPU of a Ray cluster, or on this
    machine's CPUs.
    """
    from scaling.encode import encode

    encode(images, vae, size, out, resume, upscale, allow_unreadable, batch, shard_images, address)


@app.command()
def evaluate(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT|IMAGE_FOLDER|NPZ",
            help="A model to sample, or samples: ADM's .npz or a folder.",
        ),
    ],
    reference: Annotated[
        str,
        typer.Option(
            metavar="DATA|FOLDER|NPZ",
            help="Real images: digits or cifar10 (:heldout), a folder, or ADM's .npz.",
        ),
    ],
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="A field of the protocol, such as features=efficientnet-lite0.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure anyone's images against real ones, each figure with its sampling error.

    By default FID, KID, precision and recall on Inception's features (precision and recall as
    ADM's); the fields of the protocol are those of evaluate.protocol in a study. A checkpoint's
    samples are kept in the cache until they are measured: killed, the same command goes on.

    \b scaling evaluate samples.npz --reference VIRTUAL_imagenet256_labeled.npz --protocol
    'metrics=["fid","sfid","isc"]' scaling evaluate PNGS/ --reference PHOTOS/ --protocol
    features=efficientnet-lite0 --protocol transform=center-crop scaling evaluate results/runs/ID
    --reference digits --protocol features=digits-cnn --protocol samples=1000 --json
    """
    from scaling.evaluation.evaluate import run

    print(run(target, reference, protocol or (), as_json))


@app.command()
def fit(
    law: Annotated[
        str,
        typer.Argument(
            metavar="LAW",
            help="approach3, isoflop, envelope, powerlaw, saturating, bnsl or repeats.",
        ),
    ],
    csv: Annotated[
        Path, typer.Option(metavar="FILE", help="A table, one run (or checkpoint) a row.")
    ],
    n: Annotated[
        str | None, typer.Option(metavar="COL", help="Model size: parameters, or MACs.")
    ] = None,
    d: Annotated[str | None, typer.Option(metavar="COL", help="Data: images or tokens.")] = None,
    loss: Annotated[
        str, typer.Option(metavar="COL", help="What was measured: a loss, or FID.")
    ] = "loss",
    flops: Annotated[
        str | None, typer.Option(metavar="COL", help="Exact training FLOPs; else 6 N D.")
    ] = None,
    x: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Axis of powerlaw, saturating, bnsl; else the FLOPs."),
    ] = None,
    unique: Annotated[
        str | None, typer.Option(metavar="COL", help="Different images; for repeats.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="The training a row comes from; its checkpoints are not independent.",
        ),
    ] = None,
    delta: Annotated[float, typer.Option(help="Of the Huber loss on log loss.")] = 1e-3,
    bootstrap: Annotated[
        int, typer.Option(help="Repeats behind intervals, 0 for none; isoflop, envelope: Student.")
    ] = 1000,
    curve: Annotated[str, typer.Option(help="isoflop: parabola, cubic, or auto.")] = "auto",
    method: Annotated[str, typer.Option(help="envelope: interpolated or hull.")] = "interpolated",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Fit a scaling law to anyone's table of runs, with standard errors and 95 % intervals.

    A column ``state`` keeps completed rows, a column ``protocol`` must hold one value, ``trial_id``
    names rows.

    \b
    scaling fit approach3 --csv runs.csv --n params --d images --loss loss --json
    scaling fit isoflop --csv runs.csv --n params --flops train_flops --loss loss
    scaling fit powerlaw --csv runs.csv --x forward_gmacs --loss fid --bootstrap 0
    """
    from analysis.answers.fit_command import run

    print(
        run(
            law,
            csv,
            n=n,
            d=d,
            loss=loss,
            flops=flops,
            x=x,
            unique=unique,
            cluster=cluster,
            delta=delta,
            bootstrap=bootstrap,
            curve=curve,
            method=method,
            as_json=as_json,
        )
    )


@app.command(context_settings={"allow_extra_args": True})
def suggest(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS/STUDY|FILE.csv",
            help="A study's results folder, or a table of runs: columns model, fid, steps.",
        ),
    ],
    target: Annotated[
        str,
        typer.Option(metavar="MODEL@STEPS", help="What is to be predicted, such as DiT-XL/2@7M."),
    ],
    gpu_hours: Annotated[float, typer.Option(help="What may be spent on training.")],
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL[@STEPS]...",
            help="What could be run; default: every size and patch, up to twice as long.",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="STUDY",
            help="Of a table: the study whose recipe its runs share; default: dit_imagenet256.",
        ),
    ] = None,
    mfu: Annotated[float, typer.Option(help="Model-FLOPs utilisation of an H100.")] = 0.4,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.py", help="Default: next_STUDY.py here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Choose the trainings that narrow a prediction most per GPU-hour, and write them as a study.

    A table has a training, or a checkpoint of one, a row; ``images`` or ``train_steps`` does for
    ``steps``. A row whose ``conditioning``, ``resolution``, ``batch`` or ``cfg_scale`` is not the
    recipe's is left out and counted; ``seed`` tells repeats apart.

    \b
    scaling suggest results/digits --target DiT-d3w64/2@15000 --gpu-hours 3e-6
    scaling suggest results/published/models.csv --target DiT-L/2@7M --gpu-hours 100
    """
    from analysis.forecasting.suggest import run

    print(
        run(
            source,
            target,
            gpu_hours,
            [*(candidates or ()), *context.args],
            mfu,
            out,
            as_json,
            recipe,
        )
    )


@app.command(context_settings={"allow_extra_args": True})
def predict(
    context: typer.Context,
    folder: StudyFolderArgument,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL[@STEPS]...", help="What to predict, such as DiT-XL/2@400k."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Default: predictions-DATE.json in the folder."),
    ] = None,
) -> None:
    """Freeze predictions of models that have not run, with law, data and code; never written
    over.
    """
    from analysis.forecasting.predict import predict, told

    path = predict(folder, [*(target or ()), *context.args], out)
    print(f"{told(path)}\n{path}")


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="What scaling predict wrote.")],
    folder: StudyFolderArgument,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Score frozen predictions; exit code 1 where one is not measured, came late, or rests on data
    that changed.
    """
    from analysis.forecasting.score import run

    text, sound = run(file, folder, as_json)
    print(text)
    raise typer.Exit(0 if sound else 1)


@app.command()
def bundle(
    folder: StudyFolderArgument,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: STUDY.zip in the folder.")
    ] = None,
) -> None:
    """Pack a study's records, specs and versions with its report, numbers and figures, for whoever
    doubts it.
    """
    from analysis.report.bundle import bundle

    print(bundle(folder, out))


@app.command()
def verify(file: Annotated[Path, typer.Argument(help="What scaling bundle wrote.")]) -> None:
    """Rebuild every number and figure of a bundle from its records; exit code 1 where one does not
    agree.
    """
    from analysis.report.verify import run

    text, agrees = run(file)
    print(text)
    raise typer.Exit(0 if agrees else 1)


def main(args: list[str] | None = None) -> None:
    """The command's entry: bad input, and a file that cannot be read or written, becomes one line
    and exit code 2.
    """
    # else Python looks through all of torch and Ray for garbage once more, for a second or two
    atexit.register(gc.freeze)
    try:
        app(args)
    except ValueError as error:
        told = str(error)
    except OSError as error:
        if error.filename is None:  # of no file that was named: a fault
            raise
        told = f"{error.filename}: {error.strerror}"
    else:
        return
    print(f"error: {told}", file=sys.stderr)
    sys.exit(2)
