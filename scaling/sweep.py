"""How does a question become a curve? Study, plan, preflight, Ray, records, figures, report.

    python -m scaling.sweep [STUDY] [--set KEY=VALUE ...] [--results ROOT] ...    (--help: the rest)

The same command again resumes: what is on disk is read, not measured again.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scaling.accounts import Accounts, published, timed_here
from scaling.budget import Budget
from scaling.halving import Halving
from scaling.loggers import asked_loggers
from scaling.loggers.follow import Boards
from scaling.outcome import OK, answer, how_it_ended
from scaling.progress import say, show_plan
from scaling.records import StudyFolder, trial_state
from scaling.records.damage import damaged_files, set_aside
from scaling.records.files import sweep_up
from scaling.records.parsed import Damaged
from scaling.records.spending.allowance import allowance_of
from scaling.records.state.stopped import mark_stopped
from scaling.records.storage.following import send_study
from scaling.running import Running, follow
from scaling.study import Plan, Study, load_study
from scaling.study.execution import Execution
from scaling.study.planning.asha import Asha
from scaling.study.planning.budget import check_budget
from scaling.study.settings import parse_grid, parse_settings
from scaling.webhook import Webhook, checked_url


def sweep(
    study: str = "digits",
    settings: Iterable[str] = (),
    results: Path = Path("results"),
    address: str | None = None,
    gpus_per_trial: float = 0.0,
    dry_run: bool = False,
    execution: Execution | None = None,
    log: str | None = None,
    webhook: str | None = None,
    budget: float | None = None,
    calibrate: bool = False,
    grid: Iterable[str] = (),
    asha: str | None = None,
) -> int:
    """Price, run, measure and report ``study``; returns the exit code.

    ``settings`` are KEY=VALUE pairs over the fields of every trial, and ``seeds``; ``grid`` are
    KEY=VALUE,VALUE pairs. ``results`` is the root, a folder or the copy of a URL
    (``storage.places.here``); the study's own folder is ROOT/NAME. ``address`` is a Ray cluster's;
    None means $RAY_ADDRESS, or this machine where it is not set. ``log`` names loggers beside
    TensorBoard; ``webhook`` is a URL. ``budget`` is in GPU-hours, of workers where trainings run on
    CPUs; ``calibrate`` times the work on this machine first. ``asha`` stops the worst trainings
    early, see ``study.planning.asha``. ValueError for bad input, before any
    trial runs.
    """
    loggers, url = asked_loggers(log), checked_url(webhook)
    check_budget(budget)
    asked = load_study(study).with_settings(parse_settings(settings), parse_grid(grid))
    plan = Plan.of(started(asked))
    execution = execution or Execution()
    halved = None if asha is None else Asha.parse(asha)
    for line in halved.check(plan) if halved else ():
        say(line)
    if dry_run:
        from scaling.launch import dry_run as would

        would.check(plan, results, address, gpus_per_trial, execution)
        show_plan(plan)
        return OK

    from scaling.launch import preflight

    preflight.check_asked(plan, results, gpus_per_trial, execution)
    folder = StudyFolder(results / plan.name)
    how = How(address, gpus_per_trial, execution, loggers, budget, calibrate, halved)
    with Webhook(url, plan.name, say, folder.folder) as hook:
        return carry_out(plan, folder, how, hook)


@dataclass(frozen=True)
class How:
    """How a plan is carried out, as ``sweep`` is told it."""

    address: str | None
    gpus_per_trial: float
    execution: Execution
    loggers: list[str]
    budget: float | None
    calibrate: bool
    asha: Asha | None


def carry_out(plan: Plan, folder: StudyFolder, how: How, hook: Webhook) -> int:
    """Run what is unfinished of ``plan`` and answer it; returns the exit code."""
    from scaling.launch import preflight, results_folder

    damaged = damaged_files(folder, plan)
    halving = Halving(how.asha, plan, folder)
    left = halving.begins(unfinished(folder, plan))
    if left:
        preflight.check_here(how.address, how.gpus_per_trial, how.execution)
        for line in preflight.check_trials(plan):
            say(line)
        preflight.check_precisions(plan, how.gpus_per_trial)
        results_folder.check_disk(left, folder)
        from scaling.launch.supervise.order import Order
        from scaling.launch.supervise.supervisor import supervised
        from scaling.launch.tasks.grid import jobs_of
        from scaling.records.state.lease import check_free, leased

        check_free(folder.folder)
        allowance = None if how.budget is None else allowance_of(folder.folder)
        jobs = jobs_of(plan, left, folder, how.gpus_per_trial, how.execution, allowance, how.asha)
        room = max(results_folder.checkpoints_of(left).values())
        order = Order.of(plan, jobs, how.address, how.gpus_per_trial, how.execution, room)
        boards = Boards(folder, plan, how.loggers, say)
        timed = timed_here(plan) if how.calibrate else None
        with supervised(order, say) as supervisor:
            cluster = supervisor.begin()
            for line in cluster.told_of_gpus(how.gpus_per_trial):
                say(line)
            with leased(folder.folder) as lease:
                begin(folder, plan, damaged)
                send_study(folder.folder, plan)
                prior = timed or (published(cluster.gpu_types) if how.gpus_per_trial else None)
                accounts = Accounts(
                    plan, left, folder, how.gpus_per_trial, how.execution.workers, prior
                )
                budget = Budget(how.budget, accounts, folder, hook)
                budget.begin()
                halving.write()
                running = Running(supervisor, lease, boards, hook, budget, halving)
                why = follow(plan, left, folder, cluster, running)
        if why:
            mark_stopped(folder, left, f"{why}; the same command continues it")
        why = why or budget.reached
    else:
        begin(folder, plan, damaged)
        why = None
        with Boards(folder, plan, how.loggers, say):
            say(f"{plan.name}: all {len(plan.trials)} trials are finished; nothing to train")
    code = answer(folder, why)
    send_study(folder.folder, plan)
    if left:
        if how.budget is not None:
            say(budget.summary())
        hook.send(how_it_ended(folder, why))
    return code


def begin(folder: StudyFolder, plan: Plan, damaged: list[Damaged]) -> None:
    """Write the plan, the first byte of a sweep that nothing refused any more. Files that are
    ``damaged`` are set aside before, and what killed writers left is swept up.
    """
    for line in set_aside(damaged, folder, plan):
        say(line)
    for run in (folder.run(trial.train_id) for trial in plan.trials):
        sweep_up(run.folder)
    sweep_up(folder.folder)
    folder.write_plan(plan)


def started(study: Study) -> Study:
    """``study`` with the identity of the weights that its trainings start from, if they do."""
    if all(trial.train.init is None for trial in study.trials):
        return study
    from scaling.models.stored.initial import with_contents  # torch takes seconds to import

    return with_contents(study)


def unfinished(folder: StudyFolder, plan: Plan) -> list:
    """The trainings with something left to do, each as the list of trials that share it."""
    rows = {
        trial.trial_id: trial_state(trial, folder.run(trial.train_id))[0] for trial in plan.trials
    }
    return [
        group
        for group in plan.runs()
        if any(rows[t.trial_id] not in ("completed", "diverged") for t in group)
    ]


if __name__ == "__main__":
    from scaling.cli import main

    main(["sweep", *sys.argv[1:]])
