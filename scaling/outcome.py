"""Shows how the trials of a study stand, and what a sweep left: states, reasons, report."""

from collections import Counter

from rich.table import Table

from scaling.progress import console, say
from scaling.records import StudyFolder, trial_rows
from scaling.records.halving import stopped_early
from scaling.records.provenance import code_version
from scaling.records.storage.places import shown

OK, TRIALS_LOST, INTERRUPTED = 0, 1, 130  # exit codes; bad input is 2
INTERRUPTION = "interrupted"
MOST_SHOWN = 200  # trials in a table


def trial_table(rows: list[dict]) -> Table:
    """The rows of ``scaling status``, a line for each trial; of a study of several tokenizers, with
    that of each.
    """
    table = Table(box=None, pad_edge=False)
    several = len({row["tokenizer"] for row in rows}) > 1
    words = ("model", *(["tokenizer"] if several else []))
    for column in (*words, "seed", "lr", "GMACs", "loss", "held-out", "FID", "state"):
        table.add_column(column, justify="left" if column in (*words, "state") else "right")
    for row in rows:
        number = lambda key, row=row: "–" if row[key] is None else f"{row[key]:.4g}"  # noqa: E731
        table.add_row(
            *(row[word] for word in words),
            str(row["seed"]),
            f"{row['lr']:g}",
            number("forward_gmacs"),
            number("loss"),
            number("heldout_loss"),
            number("fid"),
            row["state"],
        )
    return table


def first_rows(rows: list[dict]) -> list[dict]:
    """The rows of a table that a person reads: of very many those that did not complete first."""
    first = sorted(range(len(rows)), key=lambda i: (rows[i]["state"] == "completed", i))
    return [rows[i] for i in sorted(first[:MOST_SHOWN])]


def show_outcome(folder: StudyFolder, rows: list[dict], interrupted: bool) -> None:
    """Print the table of trials, what did not finish and why, and where figures and report are."""
    states = Counter(row["state"] for row in rows)
    console.print(trial_table(first_rows(rows)))
    if len(rows) > MOST_SHOWN:
        say(f"and {len(rows) - MOST_SHOWN} more, which scaling status --json lists")
    for row in rows:
        if row["why"]:
            say(f"{row['trial_id']} {row['state']}: {row['why']}")
    for row in rows:
        if row["warning"]:
            say(f"{row['trial_id']}: {row['warning']}")
    say(", ".join(f"{count} {state}" for state, count in states.items()))
    measured_by = {
        session["provenance"]["code"]
        for row in rows
        for session in folder.run(row["train_id"]).sessions()
    }
    if measured_by - {code_version()}:
        say(
            f"measured by code {', '.join(sorted(measured_by))}; this is {code_version()} (no "
            "reason to run again)"
        )
    for name in ("figures/fid_vs_gflops.png", "report.html"):
        if (folder.folder / name).exists():
            say(f"{folder.folder / name}")
    if interrupted:
        say("interrupted; the same command continues")


def how_it_ended(folder: StudyFolder, why: str | None) -> str:
    """In one line: trials by state, and ``why`` the sweep ended before they did."""
    states = Counter(row["state"] for row in trial_rows(folder))
    counted = ", ".join(f"{count} {state}" for state, count in states.items())
    return f"{f'stopped ({why}); ' if why else ''}{counted}; {shown(folder.folder / 'report.html')}"


def answer(folder: StudyFolder, why: str | None) -> int:
    """Draw the figures, write the report, show the outcome; returns the exit code. ``why`` is the
    reason where the sweep ended before its trials.
    """
    from scaling.records.state.lease import ASKED

    interrupted = why in (INTERRUPTION, ASKED)
    from analysis.report.helper import helper

    with helper() as other:
        from analysis.report import write_report

        rows = trial_rows(folder)
        if any(row["state"] == "completed" for row in rows):
            write_real_images(folder)
        # Even without a completed trial: the live page would go on waiting for the sweep.
        write_report(folder.folder, helper=other)
    show_outcome(folder, rows, interrupted)
    if interrupted:
        return INTERRUPTED
    ended = all(
        row["state"] == "completed" or stopped_early(row["state"], row["why"]) for row in rows
    )
    return OK if ended else TRIALS_LOST


def write_real_images(folder: StudyFolder) -> None:
    """Put held-out images of the study's data beside its figures, for the sample grid."""
    path = folder.folder / "real.npz"
    if not path.exists():
        from scaling.evaluation.images.thumbnails import real_thumbnails
        from scaling.records.files import write_arrays

        spec = folder.plan().trials[0].spec
        write_arrays(path, real_thumbnails(spec.data, spec.evaluate.protocol.decoder))
