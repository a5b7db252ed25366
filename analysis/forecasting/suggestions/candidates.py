"""Which trainings could be run next? Longer ones of measured models, and models beside them."""

from collections.abc import Sequence

import polars as pl

from analysis.forecasting.targets import Target, target_of
from scaling.study.planning.plan import Plan
from scaling.study.specs.trial import TrialSpec

LENGTHS = (0.125, 0.25, 0.5, 1, 2)  # candidates' steps, of the longest measured


def trainings_of(plan: Plan, rows: pl.DataFrame) -> dict[str, TrialSpec]:
    """Per measured model its training of the lowest seed, the longest one. ValueError where a model
    has several settings.
    """
    trainings: dict[str, TrialSpec] = {}
    measured = set(rows["train_id"])
    for trial in sorted(
        (t for t in plan.trials if t.train_id in measured),
        key=lambda t: (t.spec.train.seed, -t.images),
    ):
        spec, first = trial.spec, trainings.setdefault(trial.model, trial.spec)
        if spec.train.has_horizon:
            raise ValueError(
                f"{trial.trial_id} has the schedule {spec.train.schedule!r}, whose checkpoints are "
                "not those of "
                "shorter trainings; suggestions are made for constant learning rates"
            )
        if spec.train.lr != first.train.lr:
            raise ValueError(
                f"{trial.model} was trained at learning rates {first.train.lr:g} and "
                f"{spec.train.lr:g}; a law "
                "needs one setting per model, keep the one chosen on held-out loss"
            )
    return trainings


def candidates_of(
    plan: Plan, target: Target, rows: pl.DataFrame, named: Sequence[str]
) -> dict[str, list[int]]:
    """Model -> steps at which it could be measured, ascending; never the target itself."""
    longest = int(rows["step"].max())
    lengths = sorted({max(1, round(longest * share)) for share in LENGTHS})
    models = [name for name in named] or _every_model(plan, target)
    steps_of: dict[str, set[int]] = {}
    for name in models:
        at = (
            [target_of(name, plan)]
            if "@" in name
            else [target_of(f"{name}@{n}", plan) for n in lengths]
        )
        for target_at in at:
            if str(target_at) != str(target):
                steps_of.setdefault(target_at.model.name, set()).add(target_at.steps)
    if not steps_of:
        raise ValueError(
            f"the only candidate is the target {target} itself; name others with --candidates"
        )
    return {name: sorted(steps) for name, steps in steps_of.items()}


def _every_model(plan: Plan, target: Target) -> list[str]:
    planned = {trial.model: trial.spec.model for trial in plan.trials}
    return list(dict.fromkeys([*planned, *target.model.kin(list(planned.values()))]))
