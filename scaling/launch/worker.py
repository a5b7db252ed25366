"""What runs on a Ray worker? A training and each of its evaluations as named tasks, and the Tune
trial that watches them.

The work itself are Ray *tasks*, so that they bear their model's name in the dashboard and run in
pooled worker processes that keep torch imported from one to the next. Training goes on while its
checkpoints are measured by tasks that queue for resources as it did. The Tune trial holds no
resources, polls the records, starts evaluations as checkpoints get ready and passes progress on; it
never imports torch, and is reused too.
"""

import contextlib
import time
import uuid
from pathlib import Path

import ray
from ray import tune
from ray.exceptions import RayError
from ray.util.metrics import Gauge

from scaling.records.ledger import STALE_AFTER_S, Run

POLL_S = 1.0
# from the start of a watch till another training that is to train its trunk says so
BEGINS_S = 60.0
# parts of an evaluation's samples that are still to be drawn: a task starts in seconds
HELPED_FROM = 10
GAUGES = {
    "step": "optimiser steps taken",
    "loss": "training loss",
    "heldout_loss": "held-out loss",
    "images_per_s": "training images per second",
    "fid": "FID under the study's protocol",
}


def _reporter(config: dict):
    """Progress out as Ray metrics."""
    tags = {"study": config["study"], "model": config["model"], "trial": config["trial_id"]}
    gauges = {
        name: Gauge(f"dit_scaling_{name}", description=text, tag_keys=tuple(tags))
        for name, text in GAUGES.items()
    }

    def report(progress: dict) -> None:
        for name, gauge in gauges.items():
            if progress.get(name) is not None:
                gauge.set(progress[name], tags=tags)

    return report


def _train(config: dict, session: str) -> None:
    """Run in a worker process that trains, or starts those which do and waits: specs in as JSON,
    the outcome on disk.
    """
    if config["execution"]["workers"] > 1:
        from scaling.launch.multi_worker import together

        together(_train_here, config, session)
    else:
        _train_here(config, session)


def _train_here(config: dict, session: str, workers=None) -> None:
    from scaling.launch.trial import train
    from scaling.study.execution import Execution
    from scaling.study.spec import TrialSpec

    specs, branches = (
        [TrialSpec.model_validate(spec) for spec in config[name]] for name in ("specs", "branches")
    )
    train(
        specs,
        Run(Path(config["run"])),
        _reporter(config),
        threads=config["cpus"],
        session=session,
        execution=Execution.model_validate(config["execution"]),
        branches=branches,
        workers=workers,
    )


def _evaluate(config: dict, spec: dict, step: int) -> None:
    """Run in a worker process: a spec in as JSON, the measurement on disk."""
    from scaling.launch.evaluation import evaluate
    from scaling.study.spec import TrialSpec

    evaluate(
        TrialSpec.model_validate(spec),
        step,
        Run(Path(config["run"])),
        _reporter(config),
        threads=config["cpus"],
        helped=lambda parts: _helped(config, spec, step, parts),
    )


def _help(config: dict, spec: dict, step: int) -> None:
    """Run in a worker process: draws samples of an evaluation that another task makes."""
    from scaling.launch.evaluation import help_sampling
    from scaling.study.spec import TrialSpec

    help_sampling(
        TrialSpec.model_validate(spec), step, Run(Path(config["run"])), threads=config["cpus"]
    )


@contextlib.contextmanager
def _helped(config: dict, spec: dict, step: int, parts: int):
    """Tasks that draw samples beside an evaluation as places get free; it waits for none, so they
    cannot block it.
    """
    gpus, cpus, there = config["evaluation_gpus"], config["cpus"], ray.cluster_resources()
    places = int(there.get("GPU", 0.0) / gpus) if gpus else int(there["CPU"] / cpus)
    count = min(places, parts) - 1 if parts >= HELPED_FROM else 0
    tasks = [
        _task(_help, f"sample {config['label']} step {step}", gpus, cpus).remote(config, spec, step)
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for task in tasks:
            ray.cancel(task)


def _task(work, label: str, gpus: float, cpus: int):
    # A task that fails is recorded and looked at, not tried again unseen. DEFAULT: not in the Tune
    # trial's own bundle.
    return ray.remote(work).options(
        name=label, num_cpus=cpus, num_gpus=gpus, max_retries=0, scheduling_strategy="DEFAULT"
    )


def trunk_is_coming(trunk: Run, step: int, since: float) -> bool:
    """Whether another process trains ``trunk`` up to ``step``, or may be about to: it was to begin
    at ``since``.
    """
    state = trunk.state()
    if state.get("step", 0) >= step:
        return False
    if state["state"] == "running":
        return time.time() - state["heartbeat"] < STALE_AFTER_S
    return time.time() - since < BEGINS_S


class TrialWatch(tune.Trainable):
    """A Tune trial: one training and its evaluations, each a task; done when all have ended.

    A cooldown asks for no place while its trunk is being trained.
    """

    def setup(self, config: dict) -> None:
        self._start(config["training"])

    def reset_config(self, new_config: dict) -> bool:
        self._start(new_config["training"])
        return True

    def _start(self, config: dict) -> None:
        self.config, self.records = config, Run(Path(config["run"]))
        self.session = uuid.uuid4().hex[:8]
        self.waiting = [
            job for job in config["evaluations"] if self.records.evaluation(job["eval_id"]) is None
        ]
        self.failed: str | None = None
        self.evaluations: dict = {}  # task -> what it measures
        self.training, self.begun, self.since = None, False, time.time()
        self._begin()

    def _begin(self) -> None:
        config, trunk = self.config, self.config["trunk"]
        if self.begun or (
            trunk and trunk_is_coming(Run(Path(trunk["run"])), trunk["step"], self.since)
        ):
            return
        self.begun = True
        alone = config["execution"]["workers"] == 1  # several reserve what each needs themselves
        self.training = _task(
            _train,
            config["label"],
            config["gpus"] if alone else 0.0,
            config["cpus"] if alone else 0,
        ).remote(config, self.session)

    def step(self) -> dict:
        self._begin()
        if not self.begun:
            time.sleep(POLL_S)
            return {"done": False, "state": "pending", "why": "its trunk is being trained"}
        tasks = [*([self.training] if self.training else []), *self.evaluations]
        ended, _ = ray.wait(tasks, timeout=POLL_S)
        for task in ended:
            self._take_in(task)
        state = self.records.state()
        if state.get("session") == self.session:  # an earlier session's word may be outdated
            ready = [job for job in self.waiting if job["step"] in state["ready"]]
            for job in ready:
                self.waiting.remove(job)
                label = f"evaluate {self.config['label']} step {job['step']}"
                task = _task(_evaluate, label, self.config["evaluation_gpus"], self.config["cpus"])
                self.evaluations[task.remote(self.config, job["spec"], job["step"])] = job
        # what is still waiting has no checkpoint to come
        done = self.training is None and not self.evaluations
        return {"done": done, **self._stands(state)}

    def _take_in(self, task) -> None:
        """Note how a task ended; what it did is on disk."""
        job = None if task == self.training else self.evaluations.pop(task)
        if job is None:
            self.training = None
        place = self.records if job is None else self.records.evaluating(job["eval_id"])
        try:
            ray.get(task)
        except RayError as failure:
            if place.state()["state"] != "failed":  # it ended before it could say so itself
                place.write_state(
                    "failed",
                    str(failure).strip().splitlines()[-1],
                    **({"step": job["step"]} if job else {}),
                )
            if job is not None:
                self.failed = f"evaluation at step {job['step']} failed: {place.state()['why']}"

    def _stands(self, state: dict) -> dict:
        name, why = state["state"], state["why"]
        if name == "completed" and self.evaluations:
            name = "evaluating"
        elif name == "completed" and self.failed:
            name = "failed"
        progress = {
            k: state[k]
            for k in ("step", "loss", "heldout_loss", "images_per_s")
            if state.get(k) is not None
        }
        done = [
            found
            for job in self.config["evaluations"]
            if (found := self.records.evaluation(job["eval_id"]))
        ]
        if done:
            last = max(done, key=lambda found: found["step"])
            fids = [
                row["value"]
                for row in last["figures"]
                if row["metric"] == "fid" and row["value"] is not None
            ]
            progress |= {"heldout_loss": last["heldout_loss"], **({"fid": fids[0]} if fids else {})}
        return {"state": name, "why": why or self.failed, **progress}

    def cleanup(self) -> None:
        for task in [self.training, *self.evaluations]:
            if task is not None:
                ray.cancel(task, force=True)
