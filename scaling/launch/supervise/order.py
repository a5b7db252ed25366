"""What is a driver asked to do, and what does it say? An Order of jobs, and lines of JSON."""

import json
from collections.abc import Iterable
from typing import Any

from scaling.launch.tasks.job import Job
from scaling.study.execution import Execution
from scaling.study.planning.plan import Plan
from scaling.study.specs.identity import Spec

# Of a result, what crosses from the driver to the sweep.
TOLD = ("done", "state", "why", "waits", "step", "loss", "heldout_loss", "images_per_s", "fid")


class Listed(Spec):
    """A job, and the names under which it is listed."""

    train_id: str
    trial_id: str
    text: str  # what Job.dump gave, to be read by the workers alone


class Order(Spec):
    """The jobs to be run on the cluster at ``address``, and what is to be checked there first."""

    study: str
    jobs: tuple[Listed, ...]
    address: str | None
    gpus_per_trial: float
    workers: int
    fewest_workers: int | None = None  # with which each trial goes on; None: with no fewer
    precisions: tuple[str, ...]
    results: str | None = None  # where trainings write: a URL, or a folder that all nodes share
    room: int = 0  # bytes that a node's disk must have for a training's checkpoints

    @classmethod
    def of(
        cls,
        plan: Plan,
        jobs: list[Job],
        address: str | None,
        gpus_per_trial: float,
        execution: Execution,
        room: int = 0,
    ) -> "Order":
        runs = {job.run_folder.rpartition("/")[0] for job in jobs}
        return cls(
            study=plan.name,
            jobs=tuple(
                Listed(train_id=job.train_id, trial_id=job.trial_id, text=job.dump())
                for job in jobs
            ),
            address=address,
            gpus_per_trial=gpus_per_trial,
            workers=execution.workers,
            fewest_workers=execution.min_workers,
            precisions=tuple(sorted({t.spec.train.precision for t in plan.trials})),
            results=next(iter(runs), None),
            room=room,
        )

    def only(self, train_ids: Iterable[str]) -> "Order":
        wanted = set(train_ids)
        jobs = tuple(job for job in self.jobs if job.train_id in wanted)
        return self.model_copy(update={"jobs": jobs})

    def without(self, train_id: str) -> "Order":
        jobs = tuple(job for job in self.jobs if job.train_id != train_id)
        return self.model_copy(update={"jobs": jobs})


def line(kind: str, **content: Any) -> bytes:
    """A message of a driver: ``cluster``, ``refused``, ``result`` or ``ended``."""
    return json.dumps({"kind": kind, **content}).encode() + b"\n"
