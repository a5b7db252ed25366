"""The verbs of a study: see how it stands, report it, hand it on and check it."""

import contextlib
import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from scaling.commands.passed_over import telling
from scaling.commands.places import (
    ROOT,
    ResultsOption,
    StudyArgument,
    as_source,
    check_out,
    studies_in,
    study_folder,
)
from scaling.records.storage.places import here, shown


def status(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="[STUDY]", help="A study's name, or its results folder; default: all."
        ),
    ] = None,
    results: ResultsOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list, one object per trial; unknown is null.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it until no sweep works on it any more.")
    ] = False,
) -> None:
    """Show how each trial of a study stands; without a study, which studies there are."""
    from scaling.records import StudyFolder, trial_rows
    from scaling.records.spending.compared import compared, total_text, with_hours

    root = results or ROOT if study is None else here(study)
    if study is None or (results is None and studies_in(root)):
        if watch:
            raise ValueError("--watch shows one study; name it")
        return list_studies(root, as_json)
    if watch and as_json:
        raise ValueError("--watch shows a table and --json prints one object; give one of them")
    folder = study_folder(study, results)
    if watch:
        from scaling.commands import sweeping

        sweeping.watch(folder)
    records = StudyFolder(folder)
    asked = records.plan()
    rows, hours = trial_rows(records, asked), compared(records, asked)
    if as_json:
        print(json.dumps(with_hours(rows, hours), indent=1))
    else:
        from scaling.outcome import show_outcome
        from scaling.progress import say
        from scaling.records.damage import unknown_keys

        show_outcome(records, rows, interrupted=False)
        if line := total_text(hours):
            say(line)
        for line in unknown_keys(records, asked):
            say(line)


def list_studies(root: Path, as_json: bool) -> None:
    """The studies of a results root, each with how many of its trials are in which state."""
    from scaling.records import trial_rows

    folders = studies_in(root)
    if not folders:
        raise ValueError(
            f"{shown(root)} holds no study; run one with python -m scaling.sweep, or name another "
            "root with --results"
        )
    states = {f: Counter(row["state"] for row in trial_rows(f)) for f in folders}
    if as_json:
        rows = [
            {"study": f.name, "folder": shown(f), "trials": n.total(), "states": dict(n)}
            for f, n in states.items()
        ]
        print(json.dumps(rows, indent=1))
        return
    width = max(len(folder.name) for folder in folders)
    for folder, counts in states.items():
        text = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
        print(f"{folder.name:{width}}  {text}")


def report(
    study: StudyArgument,
    live: Annotated[
        bool,
        typer.Option("--live", help="A sweep is running: the page reloads itself till it ends."),
    ] = False,
    compare: Annotated[
        str | None,
        typer.Option("--compare", metavar="STUDY", help="A study of the same rungs beside it."),
    ] = None,
    across_protocols: Annotated[
        bool,
        typer.Option(
            "--across-protocols",
            help="Put figures that were measured differently beside each other, too, and say so.",
        ),
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Draw a study's figures again and write its report.html."""
    from analysis.report.helper import helper

    folder = study_folder(study, results)
    beside = None if compare is None else study_folder(compare, results)
    # beside a sweep one core is enough
    with telling(*filter(None, [folder, beside])), contextlib.ExitStack() as stack:
        other = None if live else stack.enter_context(helper())
        from analysis.report import write_report

        print(
            write_report(
                folder, live=live, other=beside, across_protocols=across_protocols, helper=other
            )
        )


def bundle(
    study: StudyArgument,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: STUDY.zip in the folder.")
    ] = None,
    results: ResultsOption = None,
) -> None:
    """Pack a study's records, specs and versions with its report, numbers and figures, for whoever
    doubts it.
    """
    from analysis.report.bundle import bundle

    check_out(out, "--out", (".zip",))
    folder = study_folder(study, results)
    with telling(folder):
        print(bundle(folder, out))


def verify(
    file: Annotated[Path, typer.Argument(parser=as_source, help="What scaling bundle wrote.")],
) -> None:
    """Rebuild every number and figure of a bundle from its records; exit code 1 where one does not
    agree.
    """
    from analysis.report.verify import run

    text, agrees = run(file)
    print(text)
    raise typer.Exit(0 if agrees else 1)
