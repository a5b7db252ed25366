"""What runs on a Ray worker: a training, and each of its evaluations, as named tasks.

The work is done by Ray *tasks*, so that they bear their model's name in the dashboard and run in
pooled worker processes that keep torch imported from one to the next.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

import ray
from ray.util.metrics import Gauge
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from scaling.launch.tasks.job import Evaluation, Job
from scaling.records.storage.places import url_of

# Fewer parts of samples than this are drawn by the evaluation alone: a task takes seconds to start.
HELPED_FROM_PARTS = 10
DRAINED_LOOK_S = 2.0  # between two looks whether this node is being drained
DRAINED = "asked to leave, as its node is being drained"
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


def train(text: str, session: str) -> None:
    """Runs in a worker process, which trains or starts the workers that do; the outcome is on
    disk.
    """
    job = Job.load(text)
    if job.execution.workers > 1:
        from scaling.launch.tasks.multi_worker import together

        together(_train_here, job, session)
    else:
        _train_here(text, session)


def _train_here(text: str, session: str, workers=None) -> None:
    from scaling.launch.trials import leaving, trial

    job = Job.load(text)
    try:
        with leaving.heard(), _leaving_with_its_node(), _leaving_for_more(job, workers):
            trial.train(
                job.specs,
                job.run,
                _reporter(job),
                threads=job.cpus_per_worker,
                session=session,
                execution=job.execution,
                branches=list(job.branches),
                workers=workers,
                devices=job.devices if workers is None else float(workers.size),
                ending=job.ending,
                rungs=job.rungs,
            )
    except leaving.Left:
        if workers is None:  # now as Ray would have ended this process: the watch sees a loss
            signal.raise_signal(signal.SIGTERM)
        else:  # Ray Train ends all workers once it sees that one has
            workers.gathered(None)
            raise


@contextlib.contextmanager
def _leaving_for_more(job: Job, workers) -> Iterator[None]:
    """While entered, a training that has fewer workers than are wanted is asked to leave when there
    are places for more.
    """
    if workers is None or not workers.lead or workers.size >= job.execution.workers:
        yield
        return
    from scaling.launch.tasks.elastic import asked_for_more

    with asked_for_more(job, workers.size):
        yield


@contextlib.contextmanager
def _leaving_with_its_node() -> Iterator[None]:
    """While entered, a training is asked to leave when this node is being drained, as Kubernetes
    and autoscalers announce that they take it away.
    """
    from scaling.launch.trials import leaving

    node, ended = ray.get_runtime_context().get_node_id(), threading.Event()

    def look() -> None:
        while not ended.wait(DRAINED_LOOK_S):
            if node in ray._private.state.state.get_draining_nodes():
                leaving.ask(DRAINED)
                return

    # not joined: where the GCS is gone, asking it takes a minute
    threading.Thread(target=look, daemon=True, name="drained").start()
    try:
        yield
    finally:
        ended.set()


def evaluate(text: str, eval_id: str, session: str) -> None:
    """Runs in a worker process; the measurement is on disk."""
    from scaling.launch.trials import evaluation

    job = Job.load(text)
    asked = job.evaluations[eval_id]
    evaluation.evaluate(
        asked.spec,
        asked.step,
        job.run,
        _reporter(job),
        threads=job.cpus_per_worker,
        session=session,
        devices=job.gpus_per_evaluation or 1.0,
        helped=lambda parts: _helped(job, asked, parts),
    )


def _help(text: str, eval_id: str) -> None:
    """Runs in a worker process, which draws samples of an evaluation that another task makes."""
    from scaling.launch.trials.evaluation import help_sampling

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
    nearby = {}
    if url_of(job.run.folder):  # parts are shared on a disk, and never go to a store
        node = ray.get_runtime_context().get_node_id()
        nearby = {"scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}
    tasks = [
        task(_help, f"sample {job.label} step {asked.step}", gpus, cpus, **nearby).remote(
            job.dump(), asked.eval_id
        )
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for drawing in tasks:
            ray.cancel(drawing)


def task(work: Callable, label: str, gpus: float, cpus: int, scheduling_strategy="DEFAULT"):
    """``work`` as a Ray task that Ray's dashboard calls ``label``, on so many GPUs and CPUs."""
    # A task that fails is recorded and looked at, not tried again unseen. DEFAULT: not in the Tune
    # trial's own bundle. One that takes nothing takes a byte of memory, so that its node is seen to
    # be at work (supervise.stopped_workers).
    return ray.remote(work).options(
        name=label,
        num_cpus=cpus,
        num_gpus=gpus,
        memory=None if cpus or gpus else 1,
        max_retries=0,
        scheduling_strategy=scheduling_strategy,
    )
