"""What runs on a Ray worker? The trial as a named task, and the light Tune trial that watches over it.

The work itself is a Ray *task*, so that it bears its model's name in the dashboard and runs in a pooled worker process
that keeps torch imported from one trial to the next. The Tune trial holds the resources, polls the records and passes
progress on; it never imports torch, and is reused too.
"""

from pathlib import Path

import ray
from ray import tune
from ray.exceptions import RayError
from ray.util.metrics import Gauge

from scaling.records.ledger import Run

POLL_S = 1.0


def _work(config: dict) -> str:
    """Run in a worker process: specs in as JSON, progress out as Ray metrics, the outcome on disk."""
    from scaling.launch.trial import run_trials
    from scaling.study.spec import TrialSpec

    tags = {"study": config["study"], "model": config["model"], "trial": config["trial_id"]}
    gauges = {name: Gauge(f"dit_scaling_{name}", description=text, tag_keys=tuple(tags)) for name, text in {
        "step": "optimiser steps taken", "loss": "training loss", "heldout_loss": "held-out loss",
        "images_per_s": "training images per second", "fid": "FID under the study's protocol"}.items()}

    def report(progress: dict) -> None:
        for name, gauge in gauges.items():
            if progress.get(name) is not None:
                gauge.set(progress[name], tags=tags)

    specs = [TrialSpec.model_validate(spec) for spec in config["specs"]]
    return run_trials(specs, Run(Path(config["run"])), report, threads=config["cpus"])


class TrialWatch(tune.Trainable):
    """A Tune trial: starts the task of one training and reports its progress until it is done."""

    def setup(self, config: dict) -> None:
        self._start(config["training"])

    def reset_config(self, new_config: dict) -> bool:
        self._start(new_config["training"])
        return True

    def _start(self, config: dict) -> None:
        self.records = Run(Path(config["run"]))
        # A trial that fails is recorded and looked at, not tried again unseen.
        task = ray.remote(_work).options(name=config["label"], num_cpus=config["cpus"], num_gpus=config["gpus"],
                                         max_retries=0)
        self.task = task.remote(config)

    def step(self) -> dict:
        ready, _ = ray.wait([self.task], timeout=POLL_S)
        if ready:
            try:
                ray.get(self.task)
            except RayError as failure:
                if self.records.state()["state"] != "failed":  # it ended before it could say so itself
                    self.records.write_state("failed", str(failure).strip().splitlines()[-1])
        state = self.records.state()
        progress = {k: state[k] for k in ("step", "loss", "heldout_loss", "images_per_s", "fid")
                    if state.get(k) is not None}
        return {"done": bool(ready), "state": state["state"], "why": state["why"], **progress}

    def cleanup(self) -> None:
        ray.cancel(self.task, force=True)
