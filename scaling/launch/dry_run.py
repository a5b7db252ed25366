"""What would a sweep refuse? All that is known without its data and without starting anything."""

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
    preflight.check_here(address, gpus_per_trial, execution)
    if preflight.address_of(address) != "local":
        from scaling.launch.cluster import check_cluster, connected

        with connected(address) as cluster:
            check_cluster(cluster, gpus_per_trial, execution.workers, execution.min_workers)
