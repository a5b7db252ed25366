"""What was each training expected to take, and what did it take? In GPU-hours, evaluation apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from scaling.records.ledger import StudyFolder
from scaling.records.parsed import Unreadable
from scaling.records.spending.account import (
    eval_ids_of,
    evaluations_of,
    measure_hours,
    train_hours,
)
from scaling.records.spending.expected import Expected, read_expected
from scaling.study.planning.plan import Plan, PlannedTrial

COLUMNS = (  # of ``scaling status --json``
    "train_gpu_hours",
    "train_gpu_hours_forecast",
    "measure_gpu_hours",
    "measure_gpu_hours_forecast",
)


@dataclass(frozen=True)
class Compared:
    """A training with its evaluations. What nobody forecast, or spent, is None."""

    train_id: str
    trial_id: str  # of the first trial that asks for it
    model: str
    train_gpu_hours: float | None
    measure_gpu_hours: float | None
    train_gpu_hours_forecast: float | None
    measure_gpu_hours_forecast: float | None
    basis: str | None  # what told the speed
    completed: bool

    @property
    def ratio(self) -> float | None:
        """GPU-hours over those that were forecast, evaluations included; None before the end."""
        return ratio([self])


@dataclass(frozen=True)
class Total:
    """Of the completed trainings that were forecast."""

    trainings: int
    gpu_hours: float
    gpu_hours_forecast: float
    ratio: float
    worst: Compared  # the furthest from its forecast, by its factor
    basis: tuple[str, ...]


def compared(study: StudyFolder, plan: Plan | None = None) -> list[Compared]:
    """Of every training of the study, dearest first."""
    plan = plan or study.plan()
    try:
        expected = read_expected(study.folder)
    except Unreadable:  # the next sweep sets it aside
        expected = {}
    return [_compared(study, group, expected.get(group[0].train_id)) for group in plan.runs()]


def _compared(study: StudyFolder, group: list[PlannedTrial], forecast: Expected | None) -> Compared:
    run = study.run(group[0].train_id)
    steps = max(trial.spec.train.steps for trial in group)
    evaluations, found = eval_ids_of(group), evaluations_of(group, run)
    # what was asked for since was not in it
    if forecast and (forecast["steps"], forecast["evaluations"]) != (steps, len(evaluations)):
        forecast = None
    return Compared(
        train_id=group[0].train_id,
        trial_id=group[0].trial_id,
        model=group[0].model,
        train_gpu_hours=train_hours(run),
        measure_gpu_hours=measure_hours(group, run, found=found),
        train_gpu_hours_forecast=forecast["train_gpu_hours"] if forecast else None,
        measure_gpu_hours_forecast=forecast["measure_gpu_hours"] if forecast else None,
        basis=forecast["basis"] if forecast else None,
        completed=len(found) == len(evaluations),
    )


def finished(rows: Sequence[Compared]) -> list[Compared]:
    """Those of which both are known: completed, and forecast."""
    return [
        row
        for row in rows
        if row.completed and row.basis is not None and row.train_gpu_hours is not None
    ]


def ratio(rows: Sequence[Compared]) -> float | None:
    """GPU-hours of the ``finished`` among ``rows`` over those forecast; None where nothing was."""
    both = finished(rows)
    expected = sum(
        _hours(row.train_gpu_hours_forecast, row.measure_gpu_hours_forecast) for row in both
    )
    took = sum(_hours(row.train_gpu_hours, row.measure_gpu_hours) for row in both)
    return took / expected if expected > 0 and took > 0 else None


def total(rows: Sequence[Compared]) -> Total | None:
    """None where no completed training was forecast."""
    both = [row for row in finished(rows) if row.ratio is not None]
    if not both:
        return None
    took = sum(_hours(row.train_gpu_hours, row.measure_gpu_hours) for row in both)
    expected = sum(
        _hours(row.train_gpu_hours_forecast, row.measure_gpu_hours_forecast) for row in both
    )
    factors = {row.train_id: max(row.ratio or 1.0, 1 / (row.ratio or 1.0)) for row in both}
    return Total(
        trainings=len(both),
        gpu_hours=took,
        gpu_hours_forecast=expected,
        ratio=took / expected,
        worst=max(both, key=lambda row: factors[row.train_id]),
        basis=tuple(dict.fromkeys(row.basis for row in both if row.basis)),
    )


def total_text(rows: Sequence[Compared]) -> str | None:
    """The total and the worst in a sentence; None where nothing can be compared."""
    overall = total(rows)
    if overall is None:
        return None
    return (
        f"{overall.trainings} completed trainings took {overall.gpu_hours:,.4g} GPU-hours, "
        f"{overall.ratio:.2f} times the {overall.gpu_hours_forecast:,.4g} that were forecast by "
        f"{' and '.join(overall.basis)}; the worst is {overall.worst.trial_id}, "
        f"{overall.worst.ratio:.2f} times"
    )


def with_hours(rows: Sequence[dict], hours: Sequence[Compared]) -> list[dict]:
    """The rows of trials with the GPU-hours of their trainings, which several may share."""
    by_id = {one.train_id: one for one in hours}
    return [row | {name: getattr(by_id[row["train_id"]], name) for name in COLUMNS} for row in rows]


def _hours(training: float | None, measuring: float | None) -> float:
    return (training or 0.0) + (measuring or 0.0)
