"""Which jobs does the ``scaling`` command do? A verb per job; each imports its room only when called."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Scaling studies of diffusion transformers.")

StudyFolderArgument = Annotated[Path, typer.Argument(metavar="RESULTS/STUDY", help="A study's results folder.")]


@app.command()
def sweep(
    study: Annotated[str, typer.Argument(help="A name in experiments/, or a path to a .py file.")] = "digits",
    settings: Annotated[list[str] | None, typer.Option(
        "--set", metavar="KEY=VALUE", help="Set a field of every trial (train.steps=100), or seeds=3.")] = None,
    results: Annotated[Path, typer.Option(metavar="ROOT", help="Results root; the study is ROOT/NAME.")] = Path("results"),
    address: Annotated[str | None, typer.Option(
        metavar="auto|HOST:PORT|local", help="A Ray cluster; default: $RAY_ADDRESS, else this machine.")] = None,
    gpus_per_trial: Annotated[float, typer.Option(help="GPUs each trial reserves; below 1 it shares one.")] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the priced trials and stop.")] = False,
) -> None:
    """Run a study on Ray and answer it: records, figures, report. The same command again resumes."""
    from scaling.sweep import sweep
    raise typer.Exit(sweep(study, settings or (), results, address, gpus_per_trial, dry_run))


@app.command()
def status(
    folder: StudyFolderArgument,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, one object per trial; unknown is null.")] = False,
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
def report(folder: StudyFolderArgument) -> None:
    """Draw a study's figures again and write its report.html."""
    from analysis.report import write_report
    print(write_report(folder))


def main(args: list[str] | None = None) -> None:
    """The command's entry: bad input becomes one line and exit code 2."""
    try:
        app(args)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
