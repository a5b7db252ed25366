"""The verbs of a study: run it, see how it stands, report it, hand it on and check it."""

import contextlib
import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from scaling.commands.arguments import AddressOption, StudyFolderArgument


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
    address: AddressOption = None,
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
        from scaling.progress import say, show_outcome
        from scaling.records.damage import unknown_keys

        study = StudyFolder(folder)
        show_outcome(study, rows, interrupted=False)
        for line in unknown_keys(study, study.plan()):
            say(line)


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


def verify(file: Annotated[Path, typer.Argument(help="What scaling bundle wrote.")]) -> None:
    """Rebuild every number and figure of a bundle from its records; exit code 1 where one does not
    agree.
    """
    from analysis.report.verify import run

    text, agrees = run(file)
    print(text)
    raise typer.Exit(0 if agrees else 1)
