"""Of which jobs does a grid consist? One for each training that is left, dearest first."""

from pathlib import Path

from scaling.launch.supervise.limits import limits
from scaling.launch.tasks.job import Job, Trunk
from scaling.records.halving import halving_of
from scaling.records.ledger import StudyFolder
from scaling.records.storage.places import url_of
from scaling.study.execution import Execution
from scaling.study.families.outside.shipped import Shipped
from scaling.study.planning.asha import Asha
from scaling.study.planning.plan import Plan, PlannedTrial
from scaling.study.planning.plan import root as root_of

# Of each worker and each evaluation, with as many torch threads: oversubscribed cores are many
# times slower.
CPUS_PER_TRIAL = 1


def jobs_of(
    plan: Plan,
    groups: list[list[PlannedTrial]],
    folder: StudyFolder,
    gpus_per_trial: float,
    execution: Execution,
    allowance: Path | None = None,
    asha: Asha | None = None,
) -> list[Job]:
    """A job for each of the trainings ``groups``, in their order.

    Of trainings that share a trunk the first trains it; the others wait for it.
    ``gpus_per_trial`` is over all workers of a training. ``allowance`` is the file that says what a
    budget allows; under ``asha`` trainings wait for their word at its rungs.
    """
    trains = {root_of(group[0]): group[0].train_id for group in reversed(groups)}

    def trunk(first: PlannedTrial) -> Trunk | None:
        root = root_of(first)
        if trains[root] == first.train_id:
            return None
        return Trunk(run_folder=_place(folder.run(root).folder), step=first.spec.train.branch_step)

    return [
        Job(
            study=plan.name,
            trials=tuple(group),
            branches=tuple(trial.spec for trial in plan.branches(group)),
            trunk=trunk(group[0]),
            run_folder=_place(folder.run(group[0].train_id).folder),
            shipped=Shipped.of(trial.spec.model for trial in group),
            execution=execution,
            cpus_per_worker=CPUS_PER_TRIAL,
            gpus_per_training=gpus_per_trial,
            gpus_per_evaluation=min(1.0, gpus_per_trial),
            hung_after_s=limits().hung_after_s,
            more_after_s=limits().more_after_s,
            allowance=None if allowance is None else _place(allowance),
            rungs=asha.rungs(max(t.spec.train.steps for t in group)) if asha else (),
            halving=_place(halving_of(folder.folder)) if asha else None,
        )
        for group in groups
    ]


def _place(path: Path) -> str:
    """Where every node finds a file or folder of the results."""
    return url_of(path) or str(path.resolve())
