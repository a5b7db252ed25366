"""How does a question become a curve? Study, plan, preflight, Ray, records, figures, report.

    python -m scaling.sweep [STUDY] [--set KEY=VALUE ...] [--results ROOT] ...    (--help: the rest)

The same command again resumes: what is on disk is read, not measured again.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from scaling.live_page import LivePage
from scaling.loggers import asked_loggers
from scaling.loggers.follow import Boards
from scaling.outcome import how_it_ended, show_outcome
from scaling.progress import Progress, interruptible, say, show_plan
from scaling.records import Run, StudyFolder, trial_rows, trial_state
from scaling.records.damage import damaged_files, set_aside
from scaling.records.files import sweep_up
from scaling.records.parsed import Damaged
from scaling.records.state.file import StateFile
from scaling.records.storage.following import followed, send_study
from scaling.records.storage.places import url_of
from scaling.study import Plan, Study, load_study
from scaling.study.settings import parse_settings
from scaling.study.specs.execution import Execution
from scaling.webhook import Webhook, checked_url

OK, TRIALS_LOST, INTERRUPTED = 0, 1, 130  # exit codes; bad input is 2
INTERRUPTION = "interrupted"


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
) -> int:
    """Price, run, measure and report ``study``; returns the exit code.

    ``settings`` are KEY=VALUE pairs over the fields of every trial, and ``seeds``. ``results`` is
    the root, a folder or the copy of a URL (``storage.places.here``); the study's own folder is
    ROOT/NAME. ``address`` is a Ray cluster's; None means
    $RAY_ADDRESS, or this machine where it is not set. ``log`` names loggers beside TensorBoard;
    ``webhook`` is a URL. ValueError for bad input, before any trial runs.
    """
    loggers, url = asked_loggers(log), checked_url(webhook)
    plan = Plan.of(started(load_study(study).with_settings(parse_settings(settings))))
    execution = execution or Execution()
    if dry_run:
        from scaling.launch import dry_run as would

        would.check(plan, results, address, gpus_per_trial, execution)
        show_plan(plan)
        return OK

    from scaling.launch import preflight

    preflight.check_asked(plan, results, gpus_per_trial, execution)
    folder = StudyFolder(results / plan.name)
    with Webhook(url, plan.name, say) as hook:
        return carry_out(plan, folder, address, gpus_per_trial, execution, loggers, hook)


def carry_out(
    plan: Plan,
    folder: StudyFolder,
    address: str | None,
    gpus_per_trial: float,
    execution: Execution,
    loggers: list[str],
    hook: Webhook,
) -> int:
    """Run what is unfinished of ``plan`` and answer it; returns the exit code."""
    from scaling.launch import preflight

    damaged = damaged_files(folder, plan)
    left = unfinished(folder, plan)
    if left:
        for told in preflight.check_trials(plan):
            say(told)
        preflight.check_precisions(plan, gpus_per_trial)
        preflight.check_disk(left, folder)
        from scaling.launch.supervise.order import Order
        from scaling.launch.supervise.supervisor import supervised
        from scaling.launch.tasks.grid import jobs_of
        from scaling.records.state.lease import check_free, leased

        check_free(folder.folder)
        jobs = jobs_of(plan, left, folder, gpus_per_trial, execution)
        order = Order.of(plan, jobs, address, gpus_per_trial, execution)
        boards = Boards(folder, plan, loggers, say)
        with supervised(order, say) as supervisor:
            cluster = supervisor.begin()
            if cluster.gpus and not gpus_per_trial:
                say(
                    f"the cluster's {cluster.gpus:g} GPUs stay idle: the trials run on CPUs; "
                    "--gpus-per-trial 1 gives each one"
                )
            with leased(folder.folder) as lease:
                begin(folder, plan, damaged)
                send_study(folder.folder, plan)
                why = run(plan, left, folder, cluster, supervisor, lease, boards, hook)
        if why:
            mark_stopped(folder, left, f"{why}; the same command continues it")
    else:
        begin(folder, plan, damaged)
        why = None
        with Boards(folder, plan, loggers, say):
            say(f"{plan.name}: all {len(plan.trials)} trials are finished; nothing to train")
    code = answer(folder, why)
    send_study(folder.folder, plan)
    if left:
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


def run(
    plan: Plan,
    left: list,
    folder: StudyFolder,
    cluster,
    supervisor,
    lease: StateFile,
    boards: Boards,
    hook: Webhook,
) -> str | None:
    """Follow the trainings ``left`` on the cluster, showing progress; returns why they were stopped
    before their end.
    """
    from scaling.launch.supervise.supervisor import Stopped
    from scaling.records.state.lease import ASKED, is_asked_to_stop

    if url := url_of(folder.folder):
        say(f"results: {url}, worked on in {folder.folder}")
    say(f"report, which follows the sweep: {folder.folder / 'report.html'}")
    say(f"TensorBoard: tensorboard --logdir {folder.folder / 'tensorboard'}")
    with (
        followed(folder.folder, plan),
        boards,
        LivePage(folder) as page,
        Progress(plan, left, folder, cluster.dashboard) as progress,
        interruptible() as interruption,
    ):

        def on_progress(train_id: str, result: dict) -> None:
            progress.update(train_id, result)
            boards.changed(train_id, bool(result.get("done")))
            if result.get("done"):
                page.refresh()
                hook.ended(progress.trainings[train_id].trial_id, result)

        try:
            why = supervisor.follow(on_progress, lambda: is_asked_to_stop(lease))
        except Stopped:
            why = ASKED
    if interruption.happened:
        return INTERRUPTION
    if why:
        say(f"{plan.name}: stopped: {why}")
    return why


def mark_stopped(folder: StudyFolder, left: list, why: str) -> None:
    """Mark trainings and evaluations as stopped that were running when the sweep ended, or waited
    to begin again.
    """
    for group in left:
        run = folder.run(group[0].train_id)
        evaluations = [run.evaluating(i) for trial in group for i in trial.eval_ids.values()]
        jobs: list[Run | StateFile] = [run, *evaluations]
        for job in jobs:
            state = job.state()
            if state["state"] in ("running", "preempted"):
                kept = {
                    k: v
                    for k, v in state.items()
                    if k not in ("schema_version", "state", "why", "heartbeat", "last_seen")
                }
                job.write_state("stopped", why, last_seen=state["heartbeat"], **kept)


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
    return OK if all(row["state"] == "completed" for row in rows) else TRIALS_LOST


def write_real_images(folder: StudyFolder) -> None:
    """Put held-out images of the study's data beside its figures, for the sample grid."""
    path = folder.folder / "real.npz"
    if not path.exists():
        from scaling.evaluation.metrics.measure import real_thumbnails
        from scaling.records.files import write_arrays

        spec = folder.plan().trials[0].spec
        write_arrays(path, real_thumbnails(spec.data, spec.evaluate.protocol.decoder))


if __name__ == "__main__":
    from scaling.cli import main

    main(["sweep", *sys.argv[1:]])
