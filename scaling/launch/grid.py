"""How is a grid run? Ray Tune over the trainings that are left, dearest first, each a task of its own.

Tune only executes: what is to be done is read from the records before it starts, and nothing is restored from its own
state (`Tuner.restore` drops work after a kill; our ledger does not).
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from ray import tune
from ray.tune import Callback

from scaling.launch.worker import TrialWatch
from scaling.records.ledger import StudyFolder
from scaling.study.plan import Plan, PlannedTrial

CPUS_PER_TRIAL = 1  # with as many torch threads: oversubscribed cores are many times slower

OnProgress = Callable[[str, dict], None]  # train_id, the latest state, step, loss, ...


class _Listener(Callback):
    def __init__(self, on_progress: OnProgress):
        self.on_progress = on_progress

    def __getstate__(self) -> dict:  # Tune pickles its callbacks for a restore that we never ask for
        return {}

    def on_trial_result(self, iteration, trials, trial, result, **info):
        self.on_progress(trial.config["training"]["train_id"], result)


def run_grid(plan: Plan, groups: list[list[PlannedTrial]], root: Path, gpus_per_trial: float,
             on_progress: OnProgress) -> None:
    """Run the trainings ``groups`` (trials that share one each) on the connected cluster; returns when all have ended.

    Outcomes are on disk. Ctrl-C ends it early; the records keep what was measured.
    """
    # No result files of Tune's own beside our records; and Ctrl-C comes to us, not to Tune.
    # Its newer output prints tables whatever the verbosity.
    os.environ |= {"TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1", "TUNE_DISABLE_SIGINT_HANDLER": "1",
                   "RAY_AIR_NEW_OUTPUT": "0"}
    folder = StudyFolder(root / plan.name)
    configs = [{
        "study": plan.name, "train_id": group[0].train_id, "trial_id": group[0].trial_id, "model": group[0].model,
        "label": f"{plan.name} {group[0].model} lr={group[0].spec.train.lr:g} seed={group[0].spec.train.seed}",
        "specs": [trial.spec.model_dump(mode="json") for trial in group],
        "run": str(folder.run(group[0].train_id).folder.resolve()),
        "cpus": CPUS_PER_TRIAL, "gpus": gpus_per_trial,
    } for group in groups]
    # The Tune trial itself takes no CPU; the bundle is its task's.
    resources = tune.PlacementGroupFactory([{}, {"CPU": CPUS_PER_TRIAL, "GPU": gpus_per_trial}])
    with tempfile.TemporaryDirectory(prefix="dit-scaling-tune-") as scratch:
        tune.Tuner(
            tune.with_resources(TrialWatch, resources),
            param_space={"training": tune.grid_search(configs)},
            tune_config=tune.TuneConfig(
                reuse_actors=True,
                trial_name_creator=lambda trial: trial.config["training"]["trial_id"],
                trial_dirname_creator=lambda trial: trial.config["training"]["train_id"]),
            run_config=tune.RunConfig(name=plan.name, storage_path=scratch, verbose=0,
                                      checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                                      callbacks=[_Listener(on_progress)]),
        ).fit()
