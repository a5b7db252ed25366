"""The verbs for a sweep: run it, watch it, stop it, try trials again that it lost."""

import difflib
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer

from scaling.commands.arguments import AddressOption, AshaOption, GridOption
from scaling.commands.places import ResultsOption, StudyArgument, as_place, study_folder

WATCH_S = 2.0  # between two looks at the records
LINES_S = 30.0  # between two lines where the output is no terminal


def sweep(
    context: typer.Context,
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
    grid: GridOption = None,
    results: Annotated[
        Path,
        typer.Option(
            metavar="ROOT",
            parser=as_place,
            help="Results root, a folder or a URL (s3://BUCKET/FOLDER); the study is ROOT/NAME.",
        ),
    ] = Path("results"),
    address: AddressOption = None,
    gpus_per_trial: Annotated[
        float, typer.Option(help="GPUs each trial reserves; below 1 it shares one.")
    ] = 0.0,
    workers_per_trial: Annotated[
        int, typer.Option(min=1, help="Processes that share each batch of a training, one per GPU.")
    ] = 1,
    min_workers_per_trial: Annotated[
        int | None,
        typer.Option(
            min=1, help="With how few it goes on where places are lacking, till there are more."
        ),
    ] = None,
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
    log: Annotated[
        str | None,
        typer.Option(metavar="wandb,mlflow", help="Loggers beside TensorBoard, by commas."),
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Told what is lost, and the end, as Slack takes it; default: "
            "$DIT_SCALING_WEBHOOK.",
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(help="GPU-hours (on CPUs: of workers); the sweep stops before it takes more."),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="First time some work here, to forecast the rest."),
    ] = False,
    asha: AshaOption = None,
    submit: Annotated[
        bool,
        typer.Option("--submit", help="Have the cluster at --address http://HOST:8265 run it."),
    ] = False,
) -> None:
    """Run a study on Ray and answer it: records, figures, report. The same command again
    resumes.
    """
    if submit:
        from scaling.commands import submitting

        return submitting.submit(context)
    from scaling.study.execution import Execution
    from scaling.sweep import sweep

    execution = Execution(
        workers=workers_per_trial,
        min_workers=min_workers_per_trial,
        parallel=parallel,
        micro_batch=micro_batch,
        compile=compile,
        activation_checkpointing=activation_checkpointing,
    )
    raise typer.Exit(
        sweep(
            study,
            settings or (),
            results,
            address,
            gpus_per_trial,
            dry_run,
            execution,
            log,
            webhook,
            budget,
            calibrate,
            grid or (),
            asha,
        )
    )


def watch(folder) -> None:
    """Show a study's trials until no sweep works on it."""
    from rich.live import Live

    from scaling.outcome import trial_table
    from scaling.progress import console, say
    from scaling.records import trial_rows
    from scaling.records.state.lease import holder
    from scaling.records.storage.following import pull_study
    from scaling.records.storage.places import shown

    if holder(folder) is None:
        say(f"no sweep works on {shown(folder)}")
    elif console.is_terminal:
        with Live(trial_table(trial_rows(folder)), console=console, transient=True) as live:
            while holder(folder):
                time.sleep(WATCH_S)
                pull_study(folder)
                live.update(trial_table(trial_rows(folder)))
    else:
        last_told = -LINES_S
        while holder(folder):
            if time.monotonic() - last_told > LINES_S:
                last_told = time.monotonic()
                pull_study(folder)
                counts = Counter(row["state"] for row in trial_rows(folder))
                say(", ".join(f"{count} {state}" for state, count in counts.items()))
            time.sleep(WATCH_S)


def stop(study: StudyArgument, results: ResultsOption = None) -> None:
    """End the sweep that works on a study, from any machine that sees its folder; the same sweep
    command continues it.
    """
    from scaling.records.state import lease

    print(
        f"stopped {lease.stop(study_folder(study, results))}; the same sweep command continues it"
    )


def retry(
    study: StudyArgument,
    trials: Annotated[list[str], typer.Argument(metavar="TRIAL...", help="As in scaling status.")],
    results: ResultsOption = None,
) -> None:
    """Have the next sweep try trials again that failed, diverged or were given up."""
    from scaling.records import StudyFolder, trial_state
    from scaling.records.spending.account import last_heartbeat, spent_s
    from scaling.records.state.file import AGAIN
    from scaling.records.state.lease import check_free

    folder = study_folder(study, results)
    records = StudyFolder(folder)
    by_id = {trial.trial_id: trial for trial in records.plan().trials}
    check_free(folder)
    asked = []
    for name in dict.fromkeys(trials):
        if name not in by_id:
            near = difflib.get_close_matches(name, by_id, n=3, cutoff=0.3) or list(by_id)[:3]
            raise ValueError(f"{folder} has no trial {name!r}; nearest: {', '.join(near)}")
        state, why = trial_state(by_id[name], records.run(by_id[name].train_id))
        if state == "completed":
            raise ValueError(f"{name} is completed; there is nothing to try again")
        asked.append((by_id[name], state, why))
    for trial, state, why in asked:
        run = records.run(trial.train_id)
        before = run.state()
        kept = {key: value for key, value in before.items() if key in ("step", "loss")}
        run.write_state("pending", AGAIN, last_seen=last_heartbeat(before), **kept)
        for eval_id in trial.eval_ids.values():
            job = run.evaluating(eval_id)
            lost_s = spent_s(job.state())
            job.clear()
            if lost_s:  # which were spent
                job.write_state("pending", AGAIN, lost_s=lost_s)
        print(f"{trial.trial_id} was {state}{f': {why}' if why else ''}; now pending")
    print("the same sweep command begins them, from their last checkpoints")
