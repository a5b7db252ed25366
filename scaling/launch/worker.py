"""What runs on a Ray worker: a training and each of its evaluations as named tasks, and the Tune
trial that watches them.

The work is done by Ray *tasks*, so that they bear their model's name in the dashboard and run in
pooled worker processes that keep torch imported from one to the next. Training goes on while its
checkpoints are measured; those tasks queue for resources as the training did. The Tune trial holds
no resources. It polls the records, starts evaluations as checkpoints get ready and passes progress
on. It does not need torch, and is reused too.
"""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator

import ray
from ray import ObjectRef, tune
from ray.exceptions import RayError
from ray.util.metrics import Gauge

from scaling.launch.job import Evaluation, Job
from scaling.records.ledger import STALE_AFTER_S, Run
from scaling.records.shapes import State

POLL_S = 1.0
# How long a watch waits for another training to begin the trunk that it is to train.
BEGINS_S = 60.0
# Fewer parts of samples than this are drawn by the evaluation alone: a task takes seconds to start.
HELPED_FROM_PARTS = 10
GAUGES = {
    "step": "optimiser steps taken",
    "loss": "training loss",
    "heldout_loss": "held-out loss",
    "images_per_s": "training images per second",
    "fid": "FID under the study's protocol",
}


def _reporter(job: Job) -> Callable[[dict], None]:
    """A function that publishes progress as Ray metrics."""
    tags = {"study": job.study, "model": job.model, "trial": job.trial_id}
    gauges = {
        name: Gauge(f"dit_scaling_{name}", description=text, tag_keys=tuple(tags))
        for name, text in GAUGES.items()
    }

    def report(progress: dict) -> None:
        for name, gauge in gauges.items():
            if progress.get(name) is not None:
                gauge.set(progress[name], tags=tags)

    return report


def _train(text: str, session: str) -> None:
    """Runs in a worker process, which trains or starts the workers that do; the outcome is on
    disk.
    """
    job = Job.load(text)
    if job.execution.workers > 1:
        from scaling.launch.multi_worker import together

        together(_train_here, job, session)
    else:
        _train_here(text, session)


def _train_here(text: str, session: str, workers=None) -> None:
    from scaling.launch.trial import train

    job = Job.load(text)
    train(
        job.specs,
        job.run,
        _reporter(job),
        threads=job.cpus_per_worker,
        session=session,
        execution=job.execution,
        branches=list(job.branches),
        workers=workers,
    )


def _evaluate(text: str, eval_id: str) -> None:
    """Runs in a worker process; the measurement is on disk."""
    from scaling.launch.evaluation import evaluate

    job = Job.load(text)
    asked = job.evaluations[eval_id]
    evaluate(
        asked.spec,
        asked.step,
        job.run,
        _reporter(job),
        threads=job.cpus_per_worker,
        helped=lambda parts: _helped(job, asked, parts),
    )


def _help(text: str, eval_id: str) -> None:
    """Runs in a worker process, which draws samples of an evaluation that another task makes."""
    from scaling.launch.evaluation import help_sampling

    job = Job.load(text)
    asked = job.evaluations[eval_id]
    help_sampling(asked.spec, asked.step, job.run, threads=job.cpus_per_worker)


@contextlib.contextmanager
def _helped(job: Job, asked: Evaluation, parts: int) -> Iterator[None]:
    """While entered, tasks draw samples beside an evaluation as places get free.

    The evaluation waits for none of them, so they cannot block it.
    """
    gpus, cpus, there = job.gpus_per_evaluation, job.cpus_per_worker, ray.cluster_resources()
    places = int(there.get("GPU", 0.0) / gpus) if gpus else int(there["CPU"] / cpus)
    count = min(places, parts) - 1 if parts >= HELPED_FROM_PARTS else 0
    tasks = [
        _task(_help, f"sample {job.label} step {asked.step}", gpus, cpus).remote(
            job.dump(), asked.eval_id
        )
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for task in tasks:
            ray.cancel(task)


def _task(work: Callable, label: str, gpus: float, cpus: int):
    # A task that fails is recorded and looked at, not tried again unseen. DEFAULT: not in the Tune
    # trial's own bundle.
    return ray.remote(work).options(
        name=label, num_cpus=cpus, num_gpus=gpus, max_retries=0, scheduling_strategy="DEFAULT"
    )


def trunk_is_coming(trunk: Run, step: int, since: float) -> bool:
    """Whether another process trains ``trunk`` up to ``step``, or may be about to begin.

    ``since`` is the time, in seconds since the epoch, when it was to begin.
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
        self._start(config["job"])

    def reset_config(self, new_config: dict) -> bool:
        self._start(new_config["job"])
        return True

    def _start(self, text: str) -> None:
        self.text, self.job = text, Job.load(text)
        self.records = self.job.run
        self.session = uuid.uuid4().hex[:8]
        self.waiting = [
            asked
            for asked in self.job.evaluations.values()
            if self.records.evaluation(asked.eval_id) is None
        ]
        self.failed: str | None = None
        self.evaluations: dict[ObjectRef, Evaluation] = {}  # task -> what it measures
        self.training: ObjectRef | None = None
        self.begun, self.since = False, time.time()
        self._begin()

    def _begin(self) -> None:
        job, trunk = self.job, self.job.trunk
        if self.begun or (trunk and trunk_is_coming(trunk.run, trunk.step, self.since)):
            return
        self.begun = True
        alone = job.execution.workers == 1  # several reserve what each needs themselves
        self.training = _task(
            _train,
            job.label,
            job.gpus_per_training if alone else 0.0,
            job.cpus_per_worker if alone else 0,
        ).remote(self.text, self.session)

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
            self._evaluate_ready(state["ready"])
        # Evaluations that are still waiting have no checkpoint to come.
        done = self.training is None and not self.evaluations
        return {"done": done, **self._stands(state)}

    def _evaluate_ready(self, steps: list[int]) -> None:
        """Start the evaluations that wait for the checkpoints of ``steps``."""
        for asked in [asked for asked in self.waiting if asked.step in steps]:
            self.waiting.remove(asked)
            label = f"evaluate {self.job.label} step {asked.step}"
            task = _task(_evaluate, label, self.job.gpus_per_evaluation, self.job.cpus_per_worker)
            self.evaluations[task.remote(self.text, asked.eval_id)] = asked

    def _take_in(self, task) -> None:
        """Note how a task ended; what it did is on disk."""
        asked = None if task == self.training else self.evaluations.pop(task)
        if asked is None:
            self.training = None
        place = self.records if asked is None else self.records.evaluating(asked.eval_id)
        try:
            ray.get(task)
        except RayError as failure:
            if place.state()["state"] != "failed":  # it ended before it could say so itself
                place.write_state(
                    "failed",
                    str(failure).strip().splitlines()[-1],
                    **({"step": asked.step} if asked else {}),
                )
            if asked is not None:
                self.failed = f"evaluation at step {asked.step} failed: {place.state()['why']}"

    def _stands(self, state: State) -> dict:
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
            found for eval_id in self.job.evaluations if (found := self.records.evaluation(eval_id))
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
