"""Runs one training on several workers: Ray Train starts them, one per GPU, and ends all when one
fails.
"""

import dataclasses
import os
import tempfile
from collections.abc import Callable
from typing import Any

from ray.exceptions import RayError, RayTaskError
from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
from ray.train.torch import TorchConfig, TorchTrainer

from scaling.launch.tasks.attempts import LostWorkers
from scaling.launch.tasks.elastic import count_now
from scaling.launch.tasks.job import Job
from scaling.launch.trials import leaving
from scaling.study.execution import Execution
from scaling.training.workers import OutOfMemory, Workers, until_it_fits

# Workers queue for places and import torch meanwhile; after this Ray Train queues anew.
START_TIMEOUT_S = 600.0
# Where they may be fewer, they are counted anew after this: what was free may be taken.
ELASTIC_START_TIMEOUT_S = 60.0
# What workers say whose process group has lost one: gloo's words and NCCL's.
PEER_GONE = ("Connection closed by peer", "Connection reset by peer", "ncclRemoteError")


class _Backend(TorchConfig().backend_cls):  # type: ignore[misc]
    """As Ray Train sets torch's process group up; and SIGTERM is heard, which only a process's main
    thread can ask for. Trainings are in another.
    """

    def on_start(self, worker_group, backend_config) -> None:
        super().on_start(worker_group, backend_config)
        worker_group.execute(leaving.hear)


class _Torch(TorchConfig):
    @property
    def backend_cls(self) -> type:
        return _Backend


class _Trainer(TorchTrainer):
    """As Ray Train's, without the detached actor that gives places back: the driver does, see
    ``supervise.left_places``.
    """

    def _create_default_callbacks(self) -> list:
        every = super()._create_default_callbacks()  # type: ignore[misc]
        return [c for c in every if type(c).__name__ != "PlacementGroupCleanerCallback"]


def together(work: Callable[[str, str, Workers], None], job: Job, session: str) -> None:
    """Have each worker call ``work(text of the job, session, workers)`` within one process group.

    They are as many as there are places for now, within the range of ``job``. Returns when all
    have. Where one is out of memory, all begin again with half the micro-batch, from the last
    checkpoint. Raises RuntimeError, of one line, with what the first of them raised that failed
    otherwise: LostWorkers where no code failed, but a process is gone, or all have left. The
    workers see the disk that holds ``job.run_folder``, whichever nodes they are on.
    """

    def attempt(execution: Execution, told: list[dict]) -> None:
        asked = job.model_copy(update={"execution": execution})
        begun = False
        while not begun:  # others may be on those places meanwhile
            begun = _attempt(work, asked, count_now(asked), session, told)

    until_it_fits(attempt, job.execution)


def _attempt(work: Callable, job: Job, count: int, session: str, told: list[dict]) -> bool:
    """As ``together``, by ``count`` workers; False where they could not be started."""
    text, parallel = job.dump(), job.execution.parallel

    def loop() -> None:
        work(text, session, Workers(parallel, told))

    elastic = len(job.worker_counts) > 1
    timeout_s = ELASTIC_START_TIMEOUT_S if elastic else START_TIMEOUT_S
    # A spec's relative paths begin where the sweep was started, not in a folder of Ray Train's.
    os.environ |= {
        "RAY_CHDIR_TO_TRIAL_DIR": "0",
        "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": f"{timeout_s:g}",
        "RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S": f"{job.hung_after_s:g}",
        # Workers look themselves whether their node is being drained, and leave.
        "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    }
    scaling = ScalingConfig(
        num_workers=count, use_gpu=job.gpus_per_training > 0, resources_per_worker=job.needs
    )
    # Of results at a URL in this node's copy: the controller, which is on it, alone looks there.
    folder = job.run.folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ray-train-", dir=folder) as scratch:
        try:
            _Trainer(
                loop,
                torch_config=_Torch(),
                scaling_config=scaling,
                run_config=RunConfig(
                    name=session, storage_path=scratch, failure_config=_failing(elastic)
                ),
            ).fit()
            return True
        except RayTaskError:  # a fault of the controller's code
            raise
        except RayError as failure:
            raise LostWorkers(f"Ray Train's controller: {_last_line(failure)}") from failure
        except TrainingFailedError as failure:
            # By name, here and below, since Ray Train keeps these classes to itself.
            match type(getattr(failure, "controller_failure", None)).__name__:
                case "WorkerGroupStartupTimeoutError":
                    return False
                case "WorkerGroupStartupFailedError":
                    raise LostWorkers("a worker was gone before it began") from failure
            failures = getattr(failure, "worker_failures", None) or {}  # by rank
            for error in failures.values():
                if isinstance(error, OutOfMemory):
                    raise error from failure
                if isinstance(error, leaving.Left):
                    raise LostWorkers(str(error)) from failure
            for rank, error in failures.items():
                if _is_loss(error):  # the others fail then, too
                    raise LostWorkers(f"worker {rank}: {_last_line(error)}") from failure
            for rank, error in failures.items():
                if any(words in str(error) for words in PEER_GONE):  # heard before Ray knows of it
                    raise LostWorkers(f"worker {rank} lost its connection to another") from failure
            # The first failed worker's own words where there is one.
            words = [f"worker {rank}: {_last_line(failures[rank])}" for rank in sorted(failures)]
            raise RuntimeError(words[0] if words else _last_line(failure)) from failure


def _failing(elastic: bool) -> FailureConfig:
    """Have Ray Train begin nothing again: whoever started the training knows what is a loss. Only
    for workers whose number is fixed it waits, as long as it takes.
    """
    limits: dict[str, Any] = {
        "max_failures": 0,
        "controller_failure_limit": 0 if elastic else -1,
        "max_preemption_failures": 0,  # which older versions do not know
    }
    known = {field.name for field in dataclasses.fields(FailureConfig)}
    return FailureConfig(**{name: limit for name, limit in limits.items() if name in known})


def _is_loss(error: BaseException) -> bool:
    if type(error).__name__ == "WorkerHealthCheckTimeoutError":
        return True
    error = getattr(error, "health_check_failure", error)
    return isinstance(error, RayError) and not isinstance(error, RayTaskError)


def _last_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
