"""What would a sweep refuse? All that is known without its data and without starting anything."""

import os
from pathlib import Path

from scaling.launch import preflight
from scaling.study.execution import Execution
from scaling.study.planning.averages import check_averages
from scaling.study.planning.plan import Plan


def check(
    plan: Plan, results: Path, address: str | None, gpus_per_trial: float, execution: Execution
) -> None:
    """Refuse a sweep that would be refused for its numbers, its folder, its sampling or its place.

    A cluster that is named is asked; otherwise this machine is looked at where GPUs or workers are
    asked of it. Nothing is written and no cluster is started.
    """
    preflight.check_asked(plan, results, gpus_per_trial, execution)
    check_averages(plan)
    if any(trial.spec.evaluate.protocol.metrics for trial in plan.trials):
        preflight.check_decoded(preflight.decoders_of(plan))
        preflight.check_sampling_of(plan)
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    if address != "local":
        from scaling.launch.cluster import check_cluster, connected

        with connected(address) as cluster:
            check_cluster(cluster, gpus_per_trial, execution.workers, execution.min_workers)
    elif gpus_per_trial:
        check_this_machine(gpus_per_trial, execution.min_workers)


def check_this_machine(gpus_per_trial: float, fewest_workers: int | None = None) -> None:
    """Refuse more GPUs than this machine has, or than ``fewest_workers`` of a trial need."""
    import torch

    have, option = torch.cuda.device_count(), "--gpus-per-trial"
    if fewest_workers is not None:
        gpus_per_trial, option = fewest_workers, "--min-workers-per-trial"
    if gpus_per_trial > have:
        raise ValueError(
            f"{option} {gpus_per_trial:g} asks for more than this machine has ({have}); "
            "lower it, or name a cluster with --address"
        )
