"""How is a grid run? Ray Tune over the trainings that are left, dearest first; each and its
evaluations are tasks.

Tune only executes: what is to be done is read from the records before it starts, and nothing is
restored from its own state (`Tuner.restore` drops work after a kill; our ledger does not).
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import ray
from ray import tune
from ray.tune import Callback

from scaling.launch.worker import TrialWatch
from scaling.records.ledger import StudyFolder
from scaling.study.execution import Execution
from scaling.study.plan import Plan, PlannedTrial
from scaling.study.plan import root as root_of

# per worker and per evaluation, with as many torch threads: oversubscribed cores are many times
# slower
CPUS_PER_TRIAL = 1

OnProgress = Callable[[str, dict], None]  # train_id, the latest state, step, loss, ...


class _Listener(Callback):
    def __init__(self, on_progress: OnProgress):
        self.on_progress = on_progress

    # Tune pickles its callbacks for a restore that we never ask for
    def __getstate__(self) -> dict:
        return {}

    def on_trial_result(self, iteration, trials, trial, result, **info):
        self.on_progress(trial.config["training"]["train_id"], result)


def run_grid(
    plan: Plan,
    groups: list[list[PlannedTrial]],
    root: Path,
    gpus_per_trial: float,
    on_progress: OnProgress,
    execution: Execution,
) -> None:
    """Run the trainings ``groups`` (trials that share one each) on the connected cluster; returns
    when all have ended.

    Outcomes are on disk. Ctrl-C ends it early; the records keep what was measured.
    """
    # No result files of Tune's own beside our records; and Ctrl-C comes to us, not to Tune.
    # Its newer output prints tables whatever the verbosity.
    os.environ |= {
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        "RAY_AIR_NEW_OUTPUT": "0",
    }
    folder = StudyFolder(root / plan.name)
    # trunk -> the first that trains it
    trained = {root_of(group[0]): group[0].train_id for group in reversed(groups)}
    configs = [
        {
            "study": plan.name,
            "train_id": group[0].train_id,
            "trial_id": group[0].trial_id,
            "model": group[0].model,
            "label": f"{plan.name} {group[0].model} lr={group[0].spec.train.lr:g} "
            f"seed={group[0].spec.train.seed}",
            "specs": [trial.spec.model_dump(mode="json") for trial in group],
            "run": str(folder.run(group[0].train_id).folder.resolve()),
            "evaluations": [
                {"eval_id": eval_id, "step": step, "spec": trial.spec.model_dump(mode="json")}
                for trial in group
                for step, eval_id in trial.eval_ids.items()
            ],
            "branches": [trial.spec.model_dump(mode="json") for trial in plan.branches(group)],
            "trunk": None
            if trained[root_of(group[0])] == group[0].train_id
            else {
                "run": str(folder.run(root_of(group[0])).folder.resolve()),
                "step": group[0].spec.train.branch_step,
            },
            "execution": execution.model_dump(mode="json"),
            "cpus": CPUS_PER_TRIAL,
            "gpus": gpus_per_trial,
            "evaluation_gpus": min(1.0, gpus_per_trial),
        }
        for group in groups
    ]
    # The Tune trial itself takes a byte of memory (Tune wants something), its tasks queue for CPUs
    # and GPUs.
    resources = tune.PlacementGroupFactory([{"memory": 1}])
    with tempfile.TemporaryDirectory(prefix="dit-scaling-tune-") as scratch:
        tune.Tuner(
            tune.with_resources(TrialWatch, resources),
            param_space={"training": tune.grid_search(configs)},
            tune_config=tune.TuneConfig(
                reuse_actors=True,
                max_concurrent_trials=at_once(gpus_per_trial, execution.workers),
                trial_name_creator=lambda trial: trial.config["training"]["trial_id"],
                trial_dirname_creator=lambda trial: trial.config["training"]["train_id"],
            ),
            run_config=tune.RunConfig(
                name=plan.name,
                storage_path=scratch,
                verbose=0,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[_Listener(on_progress)],
            ),
        ).fit()


def at_once(gpus_per_trial: float, workers: int = 1) -> int:
    """How many trainings are in hand on the connected cluster: as many as it has places for.

    A trial is in hand until its evaluations have ended, so these get a place before the next
    training. Each trial in hand has a task that runs or queues, so no place idles; where a training
    asks for more GPUs than an evaluation, twice as many are in hand, for those that it leaves.
    """
    resources = ray.cluster_resources()
    places = resources.get("CPU", 0.0) / (CPUS_PER_TRIAL * workers)
    if gpus_per_trial:
        places = min(places, resources.get("GPU", 0.0) / gpus_per_trial)
    return max(1, int(places)) * (2 if gpus_per_trial > 1 else 1)
