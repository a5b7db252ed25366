"""What does a task wait for that was asked for and has not begun?"""

import time

import ray

from scaling.launch.tasks.job import Evaluation, Job

SAID_AFTER_S = 60.0  # a worker process starts and imports torch meanwhile
LOOK_S = 5.0  # between two looks at what the cluster has free


class Waiting:
    """Since when each task of a job has not begun; None is the training."""

    def __init__(self) -> None:
        self._since: dict[str | None, float] = {}
        self._free, self._looked = "", -LOOK_S

    def asked(self, asked: Evaluation | None) -> None:
        """Note that a task is asked for now."""
        self._since[asked.eval_id if asked else None] = time.monotonic()

    def told(self, job: Job, asked: Evaluation | None) -> str | None:
        """What the task asks for, and what the connected cluster has free; None in its first
        minute.
        """
        now = time.monotonic()
        waited_s = now - self._since[asked.eval_id if asked else None]
        if waited_s < SAID_AFTER_S:
            return None
        if now - self._looked >= LOOK_S:
            self._free, self._looked = free(), now
        what = f"its evaluation at step {asked.step}" if asked else "it"
        return (
            f"{what} has not begun for {waited_s / 60:.0f} min: asks for {needs(job, asked)}; "
            f"the cluster has {self._free} free"
        )


def needs(job: Job, asked: Evaluation | None) -> str:
    """What a training or an evaluation of the job takes, in words."""
    if asked:
        return _amounts(job.cpus_per_worker, job.gpus_per_evaluation)
    if job.execution.workers == 1:
        return _amounts(job.cpus_per_worker, job.gpus_per_training)
    fewest, most = job.worker_counts[0], job.worker_counts[-1]
    places = f"{fewest} to {most}" if fewest < most else f"{most}"
    return f"{places} places of {_amounts(job.needs['CPU'], job.needs.get('GPU', 0))} each"


def _amounts(cpus: float, gpus: float) -> str:
    return f"{_count(cpus, 'CPU')} and {_count(gpus, 'GPU')}" if gpus else _count(cpus, "CPU")


def _count(number: float, of: str) -> str:
    return f"{number:g} {of}" + ("" if number == 1 else "s")


def free() -> str:
    """How much of the connected cluster nobody has taken, in words."""
    have, there = ray.available_resources(), ray.cluster_resources()
    return " and ".join(
        f"{have.get(name, 0.0):g} of {_count(there.get(name, 0.0), name)}"
        for name in ("CPU", "GPU")
        if name == "CPU" or there.get(name)
    )
