"""What is each change worth in a ladder of recipes, where each step keeps those before it?"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.answers.compare import Comparison, NoSharedRungs, compare_frames
from analysis.answers.compare.steps import steps_of
from analysis.answers.contrast import Part, cells_of, contrast
from analysis.frames import Folder, studies, trials_frame
from analysis.select.trials import check_metric_name, fit_points
from analysis.text import SPOKEN, count, fixed, interval, number

RUNG = ["rung"]
CURVE = "ladder"  # what steps share, whatever words their own curves have
MOST_LOG = 700.0  # beyond it a factor is no number


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
    change_over_first: Part | str  # the same against the first


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
            change_over_first=_change(first, frames[name], metric),
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
        raise NoSharedRungs(
            f"{study.folder.name} has no two recipes of the same two sizes or more; give another "
            "study of its sizes, STUDY_B, to compare with"
        )
    return ladder(trials_frame(study), steps, metric)


def ladder_table(steps: list[Step], metric: str = "fid") -> str:
    """Of each step the change of ``metric`` and the multipliers of compute, with 95 % intervals."""
    return "\n".join(
        f"{step.name}\n  {metric} at equal sizes: {_ratio(step.change)} the step before's, "
        f"{_ratio(step.change_over_first)} the first's\n"
        f"  compute worth, over the step before: {_told(step.over_previous)}\n"
        f"  compute worth, over the first: {_told(step.over_first)}"
        for step in steps
    )


def ladder_sentence(steps: list[Step], metric: str = "fid") -> str:
    """Which steps change ``metric`` at equal sizes, and what the whole ladder does."""
    spoken = SPOKEN.get(metric, metric)
    resolved = [step for step in steps if is_resolved(step.change)]
    named = "; ".join(f"{step.name}, {_ratio(step.change)}" for step in resolved)
    told = f"Of {count(len(steps), 'change')} of the recipe, each on top of those before, "
    told += f"{len(resolved) or 'none'} {'is' if len(resolved) < 2 else 'are'} seen to change "
    told += f"{spoken} at equal sizes" + (f": {named}. " if named else ". ")
    whole = steps[-1].change_over_first
    if isinstance(whole, str):
        return f"{told}What all together do is not known ({whole})."
    verdict = "" if is_resolved(whole) else ", which is not resolved"
    return f"{told}All together: {_ratio(whole)} the first recipe's{verdict}."


def is_resolved(change: Part | str) -> bool:
    """Whether its 95 % interval leaves out 0, no change."""
    if isinstance(change, str):
        return False
    low, high = change.interval()
    return low > 0 or high < 0


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


def factor(told: Part | Comparison | str) -> tuple[float, float, float] | str:
    """A change or a multiplier of compute with its 95 % interval, or why it is not known."""
    if isinstance(told, str):
        return told
    return times(told.mean if isinstance(told, Comparison) else told)


def times(log: Part) -> tuple[float, float, float]:
    """The factor of which ``log`` is the logarithm, with its 95 % interval."""
    value, low, high = (
        math.exp(max(-MOST_LOG, min(MOST_LOG, at))) for at in (log.value, *log.interval())
    )
    return value, low, high


def _ratio(change: Part | str) -> str:
    if isinstance(change, str):
        return f"not known ({change})"
    value, low, high = times(change)
    return f"{number(value)} [{number(low)}, {number(high)}] times"


def _told(compared: Comparison | str) -> str:
    if isinstance(compared, str):
        return f"not compared ({compared})"
    value, low, high = times(compared.mean)
    said = f"{number(value)} [{number(low)}, {number(high)}]"
    if compared.trend is not None:
        trend = compared.trend
        said += f", trend {fixed(trend.value, 2)} {interval(trend.interval(), 2)}"
    return said
