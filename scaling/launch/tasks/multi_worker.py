"""Runs one training on several workers: Ray Train starts them, one per GPU, and ends all when one
fails.
"""

import os
import tempfile
from collections.abc import Callable

from ray.exceptions import RayError, RayTaskError
from ray.train import RunConfig, ScalingConfig, TrainingFailedError
from ray.train.torch import TorchTrainer

from scaling.launch.tasks.attempts import LostWorkers
from scaling.launch.tasks.job import Job
from scaling.training.workers import OutOfMemory, Workers, until_it_fits

# Workers queue for places and import torch meanwhile; after this Ray Train queues anew.
START_TIMEOUT_S = "600"


def together(work: Callable[[str, str, Workers], None], job: Job, session: str) -> None:
    """Have each worker call ``work(text of the job, session, workers)`` within one process group.

    Returns when all have. Where one is out of memory, all begin again with half the micro-batch,
    from the last checkpoint. Raises RuntimeError, of one line, with what the first of them raised
    that failed otherwise: LostWorkers where no code failed, but a process is gone. The workers see
    the disk that holds ``job.run_folder``, whichever nodes they are on.
    """
    until_it_fits(
        lambda execution, told: _attempt(
            work, job.model_copy(update={"execution": execution}), session, told
        ),
        job.execution,
    )


def _attempt(work: Callable, job: Job, session: str, told: list[dict]) -> None:
    text, parallel = job.dump(), job.execution.parallel

    def loop() -> None:
        work(text, session, Workers(parallel, told))

    # A spec's relative paths begin where the sweep was started, not in a folder of Ray Train's.
    os.environ |= {
        "RAY_CHDIR_TO_TRIAL_DIR": "0",
        "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": START_TIMEOUT_S,
        "RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S": f"{job.hung_after_s:g}",
    }
    on_gpus = job.gpus_per_training > 0
    scaling = ScalingConfig(
        num_workers=job.execution.workers,
        use_gpu=on_gpus,
        resources_per_worker={"CPU": job.cpus_per_worker, **({"GPU": 1} if on_gpus else {})},
    )
    os.makedirs(job.run_folder, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ray-train-", dir=job.run_folder) as scratch:
        try:
            TorchTrainer(
                loop,
                scaling_config=scaling,
                run_config=RunConfig(name=session, storage_path=scratch),
            ).fit()
        except TrainingFailedError as failure:
            failures = getattr(failure, "worker_failures", None) or {}  # by rank
            for error in failures.values():
                if isinstance(error, OutOfMemory):
                    raise error from failure
            for rank, error in failures.items():
                if _is_loss(error):  # the others fail then, too
                    raise LostWorkers(f"worker {rank}: {_last_line(error)}") from failure
            # The first failed worker's own words where there is one.
            words = [f"worker {rank}: {_last_line(failures[rank])}" for rank in sorted(failures)]
            raise RuntimeError(words[0] if words else _last_line(failure)) from failure


def _is_loss(error: BaseException) -> bool:
    # By name, since Ray Train keeps the class to itself.
    return type(error).__name__ == "WorkerHealthCheckTimeoutError" or (
        isinstance(error, RayError) and not isinstance(error, RayTaskError)
    )


def _last_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
