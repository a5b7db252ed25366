"""The verb that prices a study before it runs: GPU-hours, money, memory, disk, who runs when."""

import dataclasses
import json
from typing import Annotated

import typer

from scaling.commands.arguments import AshaOption, GridOption
from scaling.study.planning.devices import GPU_TYPES
from scaling.study.planning.speed import CALIBRATED_WITHIN, MFU

GANTT_COLUMNS = 60
GANTT_ROWS = 40  # trials shown at most, the longest ones


def plan(
    study: Annotated[
        str, typer.Argument(help="A name in experiments/, or a path to a .py file.")
    ] = "digits",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set a field of every trial, or seeds=3."),
    ] = None,
    grid: GridOption = None,
    gpus: Annotated[int, typer.Option(min=1, max=10_000, help="GPUs to place the trials on.")] = 1,
    gpu_type: Annotated[str, typer.Option(help="One of " + ", ".join(GPU_TYPES) + ".")] = "h100",
    mfu: Annotated[
        float | None, typer.Option(help=f"Model FLOPs utilisation; without it {MFU:g}.")
    ] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Time a few steps and samples on this machine.")
    ] = False,
    price_per_gpu_hour: Annotated[
        float | None, typer.Option(min=0, help="In any currency; gives the plan's price.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="GPU-hours; a plan of more is refused.")
    ] = None,
    detect: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT", help="How many seeds tell two models that far apart, at what price."
        ),
    ] = None,
    measured: Annotated[
        str | None,
        typer.Option(
            metavar="results/STUDY", help="Records that say how far luck moves a FID (--detect)."
        ),
    ] = None,
    asha: AshaOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what a study will take before it runs, and who runs when on how many GPUs."""
    from scaling.study import Plan, load_study
    from scaling.study.costs.measuring import unpriced_features
    from scaling.study.named import named
    from scaling.study.planning.asha import Asha, with_asha
    from scaling.study.planning.budget import check_budget
    from scaling.study.planning.forecast import at_mfu, forecast
    from scaling.study.settings import parse_grid, parse_settings

    kind = named(GPU_TYPES, gpu_type, "--gpu-type")
    check_budget(budget)
    if detect is None and measured is not None:
        raise ValueError("--measured says where --detect reads; give --detect too")
    if calibrate and mfu is not None:
        raise ValueError("--calibrate measures what --mfu supposes; give one of them")
    given = parse_settings(settings or ()), parse_grid(grid or ())
    asked = Plan.of(load_study(study).with_settings(*given))
    halved = None if asha is None else Asha.parse(asha)
    notes = halved.check(asked) if halved else []
    if calibrate:
        from scaling.launch.calibrate import calibrated

        speed = calibrated(asked)
        within = (1 - CALIBRATED_WITHIN, 1 + CALIBRATED_WITHIN)
        expected = forecast(asked, gpus, lambda precision: speed, within)
    elif mfu is not None:
        expected = forecast(asked, gpus, at_mfu(kind, mfu), (1.0, 1.0))
    else:
        expected = forecast(asked, gpus, at_mfu(kind, MFU))
    if budget is not None:
        expected.check_budget(budget)
    stopping = with_asha(asked, halved, expected) if halved else None
    detected = None if detect is None else _detection(asked, detect, measured)
    price = None if price_per_gpu_hour is None else price_per_gpu_hour * expected.gpu_hours
    on = "this machine" if calibrate else kind.device
    protocols = {trial.spec.evaluate.protocol for trial in asked.trials}
    unpriced = sorted({name for each in protocols for name in unpriced_features(each)})
    if as_json:
        basis = {
            "study": asked.name,
            "gpu_type": None if calibrate else gpu_type,
            "mfu": None if calibrate else (MFU if mfu is None else mfu),
            "speed": speed.model_dump(mode="json") if calibrate else None,
            "price": price,
            "unpriced_features": unpriced,
            "asha": None if stopping is None else dataclasses.asdict(stopping),
            "detect": None if detected is None else dataclasses.asdict(detected),
        }
        print(json.dumps({**basis, **expected.to_json()}, indent=1))
    else:
        show(expected, on, None if calibrate else kind.memory_gb, price)
        if stopping is not None:
            from scaling.progress import say

            say(f"{stopping}")
            for note in notes:
                say(note)
        if unpriced:
            from scaling.progress import say

            say(f"not in it, as nobody published their MACs: the features of {', '.join(unpriced)}")
        if detected is not None:
            show_detection(detected, asked, expected.gpu_hours)


def _detection(asked, percent: float, measured: str | None):
    """What tells two FIDs apart, by the records named or by those of the study itself."""
    from analysis.answers.errors.detect import detection
    from analysis.frames import trials_frame
    from scaling.commands.places import study_folder

    try:
        folder = study_folder(measured or asked.name)
    except ValueError as error:
        if measured is not None:
            raise
        raise ValueError(
            f"--detect needs records that say how far luck moves a FID, and {asked.name} has none "
            "yet; name a study's with --measured, such as results/reference/digits"
        ) from error
    return detection(trials_frame(folder), percent / 100)


def show_detection(detected, asked, gpu_hours: float) -> None:
    """Print how many seeds it takes, and what the study would take with so many."""
    from analysis.answers.errors.detect import POWER
    from scaling.progress import say

    say(f"{detected.errors}")
    now = len({trial.spec.train.seed for trial in asked.trials})
    for enough in detected.enough:
        apart = f"FIDs of {enough.samples:,} samples that differ by {100 * detected.gap:g} %"
        if enough.seeds is None:
            say(f"{apart}: no number of seeds up to 1,000 tells them apart")
        else:
            hours = gpu_hours * enough.seeds / now
            say(
                f"{apart}: {enough.seeds} seeds of each model tell them apart in {POWER:.0%} of "
                f"cases; this study would take {hours:.3g} GPU-hours, its own samples drawn"
            )


def show(expected, on: str, memory_gb: float | None, price: float | None) -> None:
    """Print a forecast: every trial, the totals, and who runs when."""
    from rich.table import Table

    from scaling.progress import Piped, console, say

    table = Table(box=None, pad_edge=False)
    for column in (
        *("trial", "GMACs", "train FLOPs", "measure FLOPs", "GPU-hours", "GPUs"),
        *("start h", "end h", "memory GB"),
    ):
        table.add_column(column, justify="left" if column == "trial" else "right", no_wrap=True)
    for t in expected.trials:
        table.add_row(
            t.trial_id,
            f"{t.forward_gmacs:.4g}",
            f"{t.train_flops:.3g}",
            f"{t.sampling_flops + t.decoder_flops + t.feature_flops:.3g}",
            f"{t.gpu_hours:.3g}",
            str(t.gpus),
            f"{t.start_hours:.3g}",
            f"{t.end_hours:.3g}",
            "–" if t.memory_gb is None else f"{t.memory_gb:.3g}",
        )
    Piped(width=max(console.width, 140), highlight=False).print(table)
    low, high = expected.gpu_hours_interval
    training = sum(t.train_hours for t in expected.trials)
    say(
        f"{len(expected.trials)} trials on {expected.gpus} x {on}: "
        f"{expected.gpu_hours:.4g} GPU-hours "
        f"({low:.3g} to {high:.3g}), {training:.3g} of them training, the rest measuring"
        + ("" if price is None else f"; price {price:,.2f}")
    )
    over = expected.makespan_hours / expected.makespan_lower_bound_hours - 1
    say(
        f"{expected.makespan_hours:.4g} hours from start to end, {over:.1%} above the least "
        f"possible; "
        f"{expected.images:.3g} training images; checkpoints {expected.checkpoint_gb:.3g} GB"
    )
    large = [
        t
        for t in expected.trials
        if memory_gb and t.memory_gb is not None and t.memory_gb > memory_gb
    ]
    if large:
        say(
            f"{len(large)} trainings take more than the {memory_gb:g} GB of a GPU with the whole "
            f"batch at once, such as {large[0].trial_id}: give the sweep --micro-batch, or memory "
            "is found out by halving"
        )
    gantt(expected, say)


def gantt(expected, say) -> None:
    """A line for each of the longest trials: when it runs."""
    longest = sorted(expected.trials, key=lambda t: t.start_hours - t.end_hours)[:GANTT_ROWS]
    width = max(len(t.trial_id) for t in longest)
    for t in sorted(longest, key=lambda t: (t.start_hours, -t.end_hours)):
        first = int(GANTT_COLUMNS * t.start_hours / expected.makespan_hours)
        last = max(first + 1, round(GANTT_COLUMNS * t.end_hours / expected.makespan_hours))
        bar = " " * first + "=" * (last - first)
        say(f"{t.trial_id:{width}} |{bar:{GANTT_COLUMNS}}| {t.gpus} GPU{'s' * (t.gpus > 1)}")
    if len(longest) < len(expected.trials):
        say(f"and {len(expected.trials) - len(longest)} shorter ones")
