"""What is each change worth in a ladder of recipes, where each step keeps those before it?"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from analysis.answers.compare import Comparison, compare_frames
from analysis.text import fixed, interval, number

CURVE = "ladder"  # what steps share, whatever words their own curves have


@dataclass(frozen=True)
class Step:
    """A step of a ladder, against the one before it and against the first.

    A comparison that cannot be made is the reason instead.
    """

    name: str
    over_previous: Comparison | str
    over_first: Comparison | str


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
        )
        for before, name in itertools.pairwise(names)
    ]


def ladder_table(steps: list[Step]) -> str:
    """A line for each step: multipliers of compute with 95 % intervals, and their trends."""
    return "\n".join(
        f"{step.name:<10} over the step before {_told(step.over_previous)}; over the first "
        f"{_told(step.over_first)}"
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
