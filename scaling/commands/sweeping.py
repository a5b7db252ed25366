"""The verbs for a sweep that runs, or that lost trials: watch it, stop it, try trials again."""

import difflib
import time
from collections import Counter
from typing import Annotated

import typer

from scaling.commands.places import ResultsOption, StudyArgument, study_folder

WATCH_S = 2.0  # between two looks at the records
LINES_S = 30.0  # between two lines where the output is no terminal
AGAIN = "to be tried again, as scaling retry asked"


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
        told = -LINES_S
        while holder(folder):
            if time.monotonic() - told > LINES_S:
                told = time.monotonic()
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
