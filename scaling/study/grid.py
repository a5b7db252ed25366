"""How are many trials written in one line? Cartesian grids over any fields of a trial."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

from scaling.study.settings import with_settings
from scaling.study.spec import TrialSpec


def grid(base: TrialSpec, axes: Mapping[str, Sequence]) -> tuple[TrialSpec, ...]:
    """Every combination of the axes' values, set on ``base``; the last axis varies fastest.

    An axis is one of three things: a dotted field (``"model.patch": [2, 4, 8]``); ``"model"``
    itself, whose values are networks of any families; or a label whose values are mappings of
    several fields that change together (``"size": [{"model.width": 16, "model.depth": 2}, ...]``).
    """
    choices = [
        [value if isinstance(value, Mapping) else {axis: value} for value in values]
        for axis, values in axes.items()
    ]
    return tuple(
        with_settings(base, {k: v for part in combination for k, v in part.items()})
        for combination in itertools.product(*choices)
    )


def distinct(trials: Iterable[TrialSpec]) -> tuple[TrialSpec, ...]:
    """The trials without repetitions, in order: two identical specs are one trial."""
    return tuple({trial.trial_id: trial for trial in trials}.values())


def with_seeds(trials: Iterable[TrialSpec], seeds: int) -> tuple[TrialSpec, ...]:
    """Each trial with training and sampling seeds 0 to ``seeds - 1``, seed by seed.

    The sampling seed changes with the training seed, so the spread over seeds contains both errors
    of a FID.
    """
    trials = tuple(trials)
    return tuple(
        with_settings(trial, {"train.seed": seed, "evaluate.protocol.sampling_seed": seed})
        for seed in range(seeds)
        for trial in trials
    )
