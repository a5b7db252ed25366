"""Can a cluster's workers compute as the trials ask, and are they ready? Found out while this process checks the rest."""

import ray
from ray.exceptions import RayTaskError

from scaling.launch.grid import CPUS_PER_TRIAL, at_once
from scaling.study.plan import Plan

ANSWER_S = 600.0  # for a place that others may hold: each training checks its precision once more


def get_ready(plan: Plan, gpus_per_trial: float) -> list:
    """Tasks on the connected cluster that import what trials need and check their precisions: one per node with GPUs.

    Without GPUs one per place, whose process goes on to the trials; Ray starts a new one for each task with a GPU.
    """
    gpus = min(1.0, gpus_per_trial)
    count = sum("GPU" in node["Resources"] for node in ray.nodes() if node["Alive"]) if gpus else at_once(gpus)
    task = ray.remote(_get_ready).options(name=f"{plan.name}: get ready", num_cpus=CPUS_PER_TRIAL, num_gpus=gpus,
                                          max_retries=0, scheduling_strategy="SPREAD")
    decodes = any(trial.spec.evaluate.protocol.decoder for trial in plan.trials)
    return [task.remote(sorted(precisions(plan)), decodes) for _ in range(count)]


def check_ready(plan: Plan, tasks: list) -> None:
    """ValueError, one line, where a worker that has answered lacks a precision of ``plan``."""
    if precisions(plan) == {"fp32"}:  # which every device has
        return
    ray.wait(tasks, timeout=ANSWER_S)
    for task in ray.wait(tasks, num_returns=len(tasks), timeout=0)[0]:
        try:
            ray.get(task)
        except RayTaskError as failure:
            if isinstance(failure.cause, ValueError):
                raise ValueError(str(failure.cause)) from None
            raise


def precisions(plan: Plan) -> set[str]:
    return {trial.spec.train.precision for trial in plan.trials}


def _get_ready(asked: list[str], decodes: bool) -> None:
    """Run in a worker process."""
    import torch

    import scaling.launch.trial  # noqa: F401
    from scaling.models.precision import check_precision
    if decodes:
        from diffusers import AutoencoderKL  # noqa: F401
    for precision in asked:
        check_precision(precision, "cuda" if torch.cuda.is_available() else "cpu")
