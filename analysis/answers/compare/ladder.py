"""What is each change worth in a ladder of recipes, where each step keeps those before it?"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.answers.compare import Comparison, compare_frames
from analysis.answers.contrast import Part, cells_of, contrast
from analysis.frames import Folder, studies, trials_frame
from analysis.frames.identities import protocol_id, recipe_id
from analysis.select.trials import check_metric_name, fit_points
from analysis.text import fixed, interval, number
from scaling.study import Plan, TrialSpec
from scaling.study.settings import fields_of

RUNG = ["rung"]
CURVE = "ladder"  # what steps share, whatever words their own curves have
LEAST_RUNGS = 2  # that a step shares with the one before
# what a step is not named by: how it is measured, and what differs within it
UNNAMED = ("evaluate.", "train.lr", "train.seed")


@dataclass(frozen=True)
class Step:
    """A step of a ladder, against the one before it and against the first.

    A comparison that cannot be made is the reason instead.
    """

    name: str
    over_previous: Comparison | str
    over_first: Comparison | str
    # log of the metric over that of the step before, at equal sizes: the mean over those of both
    change: Part | str


def ladder(
    trials: pl.DataFrame, steps: Mapping[str, Mapping[str, str]], metric: str = "fid"
) -> list[Step]:
    """Of all ``steps`` but the first: each has a name, and its trials' ids with their rungs, which
    steps share. ``trials`` is a trials frame that holds them; samplers may differ between steps.

    ValueError for fewer than two steps.
    """
    if len(steps) < 2:
        raise ValueError(f"a ladder has two steps or more, got {len(steps)}: add recipes to it")
    frames = {name: _of_step(trials, rungs) for name, rungs in steps.items()}
    names = list(frames)
    first = frames[names[0]]
    return [
        Step(
            name,
            over_previous=_worth(frames[before], frames[name], metric),
            over_first=_worth(first, frames[name], metric),
            change=_change(frames[before], frames[name], metric),
        )
        for before, name in itertools.pairwise(names)
    ]


def study_ladder(folder: Folder, metric: str = "fid") -> list[Step]:
    """Of the recipes of one study, in the order of its trials. ValueError where no two of them
    have two sizes in common, or of an unknown ``metric``.
    """
    check_metric_name(metric)
    (study,) = studies(folder)
    steps = steps_of(study.plan())
    if len(steps) < 2:
        raise ValueError(
            f"{study.folder.name} has no two recipes of the same two sizes or more; give another "
            "study of its sizes, STUDY_B, to compare with"
        )
    return ladder(trials_frame(study), steps, metric)


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


def _rung(spec: TrialSpec) -> str:
    """Without the words of what is unusual in the model."""
    return spec.model.rung.split()[0]


def _changes(before: TrialSpec, after: TrialSpec) -> str:
    """The settings of ``after`` that ``before`` has otherwise or not at all."""
    old, new = ({name: _value(spec, name) for name in fields_of(spec)} for spec in (before, after))
    return ", ".join(
        f"{name.rsplit('.', 1)[-1]}={value}"
        for name, value in new.items()
        if not name.startswith(UNNAMED) and old.get(name) != value
    )


def _value(spec: TrialSpec, name: str):
    value = spec
    for part in name.split("."):
        value = getattr(value, part)
    return value


def ladder_table(steps: list[Step], metric: str = "fid") -> str:
    """Of each step the change of ``metric`` and the multipliers of compute, with 95 % intervals."""
    return "\n".join(
        f"{step.name}\n  {metric} at equal sizes: {_ratio(step.change)} the step before's\n"
        f"  compute worth, over the step before: {_told(step.over_previous)}\n"
        f"  compute worth, over the first: {_told(step.over_first)}"
        for step in steps
    )


def _of_step(trials: pl.DataFrame, rungs: Mapping[str, str]) -> pl.DataFrame:
    mine = trials.filter(pl.col("trial_id").is_in(list(rungs)))
    return mine.with_columns(
        rung=pl.col("trial_id").replace_strict(rungs, return_dtype=pl.String),
        series=pl.lit(CURVE),
    )


def _worth(a: pl.DataFrame, b: pl.DataFrame, metric: str) -> Comparison | str:
    try:
        (compared,) = compare_frames(a, b, metric, across_protocols=True)
    except ValueError as error:
        return str(error)
    return compared


def _change(a: pl.DataFrame, b: pl.DataFrame, metric: str) -> Part | str:
    try:
        mine, theirs = (cells_of(fit_points(frame, metric), RUNG, metric) for frame in (b, a))
        mine, theirs = (
            one.join(other, on="rung", how="semi")
            for one, other in ((mine, theirs), (theirs, mine))
        )
        if mine.is_empty():
            return "no size of both is completed"
        weights = np.repeat([1 / len(mine), -1 / len(theirs)], len(mine))
        return contrast("change", pl.concat([mine, theirs], how="diagonal_relaxed"), weights)
    except ValueError as error:
        return str(error)


def _ratio(change: Part | str) -> str:
    if isinstance(change, str):
        return f"not known ({change})"
    low, high = (math.exp(end) for end in change.interval())
    return f"{number(math.exp(change.value))} [{number(low)}, {number(high)}] times"


def _told(compared: Comparison | str) -> str:
    if isinstance(compared, str):
        return f"not compared ({compared})"
    low, high = compared.mean.interval()
    said = f"{number(math.exp(compared.mean.value))} [{number(math.exp(low))}, "
    said += f"{number(math.exp(high))}]"
    if compared.trend is not None:
        trend = compared.trend
        said += f", trend {fixed(trend.value, 2)} {interval(trend.interval(), 2)}"
    return said
