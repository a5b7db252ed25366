"""Runs a grid on a cluster: Ray Tune over the trainings that are left, dearest first.

Each training and each of its evaluations is a task. Tune only executes: what is to be done is read
from the records before it starts, and nothing is restored from its own state (`Tuner.restore` drops
work after a kill; our ledger does not).
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import ray
from ray import tune
from ray.tune import Callback

from scaling.launch.job import Job, Trunk
from scaling.launch.worker import TrialWatch
from scaling.records.ledger import StudyFolder
from scaling.study.execution import Execution
from scaling.study.families.shipped import Shipped
from scaling.study.plan import Plan, PlannedTrial
from scaling.study.plan import root as root_of

# Of each worker and each evaluation, with as many torch threads: oversubscribed cores are many
# times slower.
CPUS_PER_TRIAL = 1

OnProgress = Callable[[str, dict], None]  # train_id, the latest state, step, loss, ...


class _Listener(Callback):
    def __init__(self, train_ids: dict[str, str], on_progress: OnProgress):
        self.train_ids, self.on_progress = train_ids, on_progress  # of each job's text

    # Tune pickles its callbacks for a restore that we never ask for.
    def __getstate__(self) -> dict:
        return {}

    def on_trial_result(self, iteration, trials, trial, result, **info):
        self.on_progress(self.train_ids[trial.config["job"]], result)


def run_grid(
    plan: Plan,
    groups: list[list[PlannedTrial]],
    root: Path,
    gpus_per_trial: float,
    on_progress: OnProgress,
    execution: Execution,
) -> None:
    """Run the trainings ``groups`` (trials that share one each) on the connected cluster.

    Returns when all have ended; outcomes are on disk. Ctrl-C ends it early, and the records keep
    what was measured. ``gpus_per_trial`` is over all workers of a training.
    """
    # Tune writes no result files beside our records, and Ctrl-C comes to us, not to Tune.
    # Tune's newer output prints tables whatever the verbosity, so the older one is chosen.
    os.environ |= {
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        "RAY_AIR_NEW_OUTPUT": "0",
    }
    jobs = jobs_of(plan, groups, StudyFolder(root / plan.name), gpus_per_trial, execution)
    train_ids = {job.dump(): job.train_id for job in jobs}
    trial_ids = {job.dump(): job.trial_id for job in jobs}
    # The Tune trial itself reserves a byte of memory, as Tune asks for something. Its tasks queue
    # for CPUs and GPUs.
    resources = tune.PlacementGroupFactory([{"memory": 1}])
    with tempfile.TemporaryDirectory(prefix="dit-scaling-tune-") as scratch:
        tune.Tuner(
            tune.with_resources(TrialWatch, resources),
            param_space={"job": tune.grid_search(list(train_ids))},
            tune_config=tune.TuneConfig(
                reuse_actors=True,
                max_concurrent_trials=at_once(gpus_per_trial, execution.workers),
                trial_name_creator=lambda trial: trial_ids[trial.config["job"]],
                trial_dirname_creator=lambda trial: train_ids[trial.config["job"]],
            ),
            run_config=tune.RunConfig(
                name=plan.name,
                storage_path=scratch,
                verbose=0,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[_Listener(train_ids, on_progress)],
            ),
        ).fit()


def jobs_of(
    plan: Plan,
    groups: list[list[PlannedTrial]],
    folder: StudyFolder,
    gpus_per_trial: float,
    execution: Execution,
) -> list[Job]:
    """A job for each of the trainings ``groups``, in their order.

    Of trainings that share a trunk the first trains it; the others wait for it.
    """
    trains = {root_of(group[0]): group[0].train_id for group in reversed(groups)}

    def trunk(first: PlannedTrial) -> Trunk | None:
        root = root_of(first)
        if trains[root] == first.train_id:
            return None
        return Trunk(
            run_folder=str(folder.run(root).folder.resolve()), step=first.spec.train.branch_step
        )

    return [
        Job(
            study=plan.name,
            trials=tuple(group),
            branches=tuple(trial.spec for trial in plan.branches(group)),
            trunk=trunk(group[0]),
            run_folder=str(folder.run(group[0].train_id).folder.resolve()),
            shipped=Shipped.of(trial.spec.model for trial in group),
            execution=execution,
            cpus_per_worker=CPUS_PER_TRIAL,
            gpus_per_training=gpus_per_trial,
            gpus_per_evaluation=min(1.0, gpus_per_trial),
        )
        for group in groups
    ]


def at_once(gpus_per_trial: float, workers: int = 1) -> int:
    """How many trainings the connected cluster works on at once: as many as it has places for.

    A training counts until its evaluations have ended, so these get a place before the next
    training. Each has a task that runs or queues, so no place idles. Where a training asks for more
    GPUs than an evaluation, twice as many are allowed, so that evaluations use the GPUs left over.
    """
    resources = ray.cluster_resources()
    places = resources.get("CPU", 0.0) / (CPUS_PER_TRIAL * workers)
    if gpus_per_trial:
        places = min(places, resources.get("GPU", 0.0) / gpus_per_trial)
    return max(1, int(places)) * (2 if gpus_per_trial > 1 else 1)
