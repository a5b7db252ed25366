"""Which recipes of one study are the steps of a ladder?"""

import itertools
from collections.abc import Mapping
from typing import Any

from analysis.frames.identities import protocol_id, recipe_id
from scaling.study import Plan, TrialSpec
from scaling.study.settings import fields_of

LEAST_RUNGS = 2  # that a step shares with the one before
# what a step is not named by: how it is measured, and what differs within it
UNNAMED = ("evaluate.", "train.lr", "train.seed")
LEAST_CHANGES = 2  # of a study that is a ladder
# what makes no step of one: the grid, and the shape of the images
NO_RECIPE = ("model.patch", "model.input_", "model.channels")
AUGMENTED = "data.flip"  # of the data, what is of a recipe


def steps_of(plan: Plan) -> dict[str, dict[str, str]]:
    """The recipes of ``plan``, curves and protocols apart, each named by the settings in which it
    differs from the one before: ids of its trials with their rungs. A recipe that has no two rungs
    in common with the one before is left out.
    """
    groups: dict[tuple, dict[str, TrialSpec]] = {}
    for trial in plan.trials:
        spec = trial.spec
        key = (recipe_id(spec), spec.model.series, protocol_id(spec))
        groups.setdefault(key, {})[trial.trial_id] = spec
    steps: dict[str, dict[str, str]] = {}
    before: dict[str, TrialSpec] = {}  # by rung
    for group in groups.values():
        of_rung = {_rung(spec): spec for spec in group.values()}
        shared = [rung for rung in of_rung if rung in before] if steps else list(of_rung)
        if len(shared) < LEAST_RUNGS:
            continue
        name = _changes(before[shared[0]], of_rung[shared[0]]) if steps else "the first"
        name = name if name and name not in steps else f"step {len(steps) + 1}"
        steps[name] = {trial_id: _rung(spec) for trial_id, spec in group.items()}
        before = of_rung
    return steps


def is_ladder(plan: Plan, steps: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether ``steps`` of ``plan``, LEAST_CHANGES or more beside the first, each change the recipe
    and none the images.
    """
    specs = {trial.trial_id: trial.spec for trial in plan.trials}
    of_rung = [{rung: specs[trial] for trial, rung in step.items()} for step in steps.values()]
    for before, after in itertools.pairwise(of_rung):
        rung = next(rung for rung in after if rung in before)
        changed = [name for name, _ in _changed(before[rung], after[rung])]
        images = [name for name in changed if name.startswith("data.") and name != AUGMENTED]
        if images or all(name.startswith(NO_RECIPE) for name in changed):
            return False
    return len(steps) > LEAST_CHANGES


def _rung(spec: TrialSpec) -> str:
    """Without the words of what is unusual in the model."""
    return spec.model.rung.split()[0]


def _changes(before: TrialSpec, after: TrialSpec) -> str:
    return ", ".join(
        f"{name.rsplit('.', 1)[-1]}={value}" for name, value in _changed(before, after)
    )


def _changed(before: TrialSpec, after: TrialSpec) -> list[tuple[str, Any]]:
    """The settings of ``after`` that ``before`` has otherwise or not at all."""
    old, new = ({name: _value(spec, name) for name in fields_of(spec)} for spec in (before, after))
    return [
        (name, value)
        for name, value in new.items()
        if not name.startswith(UNNAMED) and old.get(name) != value
    ]


def _value(spec: TrialSpec, name: str):
    value = spec
    for part in name.split("."):
        value = getattr(value, part)
    return value
