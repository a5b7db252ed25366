"""How does one training run on several workers? Ray Train starts them, one per GPU, and ends all
when one fails.
"""

import os
import tempfile
from collections.abc import Callable

from ray.train import RunConfig, ScalingConfig, TrainingFailedError
from ray.train.torch import TorchTrainer

from scaling.study.execution import Execution
from scaling.training.workers import OutOfMemory, Workers, until_it_fits

# for workers that queue for places and import torch; after it Ray Train queues anew
START_TIMEOUT_S = "600"


def together(work: Callable, config: dict, session: str) -> None:
    """Have each of the workers call ``work(config, session, workers)`` within one process group;
    returns when all have.

    Where one is out of memory, all begin again with half the micro-batch, from the last checkpoint.
    Raises RuntimeError, of one line, with what the first of them raised that failed otherwise. The
    workers are on the disk that holds ``config["run"]``, on whichever nodes.
    """
    until_it_fits(
        lambda execution, told: _attempt(
            work, {**config, "execution": execution.model_dump(mode="json")}, session, told
        ),
        Execution.model_validate(config["execution"]),
    )


def _attempt(work: Callable, config: dict, session: str, told: list[dict]) -> None:
    def loop() -> None:
        work(config, session, Workers(config["execution"]["parallel"], told))

    # A spec's relative paths begin where the sweep was started, not in a folder of Ray Train's.
    os.environ |= {
        "RAY_CHDIR_TO_TRIAL_DIR": "0",
        "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": START_TIMEOUT_S,
    }
    on_gpus = config["gpus"] > 0
    scaling = ScalingConfig(
        num_workers=config["execution"]["workers"],
        use_gpu=on_gpus,
        resources_per_worker={"CPU": config["cpus"], **({"GPU": 1} if on_gpus else {})},
    )
    os.makedirs(config["run"], exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ray-train-", dir=config["run"]) as scratch:
        try:
            TorchTrainer(
                loop,
                scaling_config=scaling,
                run_config=RunConfig(name=session, storage_path=scratch),
            ).fit()
        except TrainingFailedError as failure:
            failures = getattr(failure, "worker_failures", None) or {}
            for error in failures.values():
                if isinstance(error, OutOfMemory):
                    raise error from failure
            raise RuntimeError(_reason(failure)) from failure


def _reason(failure: TrainingFailedError) -> str:
    """What went wrong in one line: the first failed worker's own words where there is one."""
    failures = getattr(failure, "worker_failures", None) or {}
    for rank, error in sorted(failures.items()):
        return f"worker {rank}: {str(error).strip().splitlines()[-1]}"
    return str(failure).strip().splitlines()[-1]
