"""How are many trials written in one line? Cartesian grids over any fields of a trial."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

from scaling.study.settings import beside, with_settings
from scaling.study.specs.trial import TrialSpec

OF_A_STUDY = {
    "seeds": "give it to the study, as in Study(seeds=3) or --set seeds=3",
    "scale": "--set scale=NAME chooses one of the study's scales",
}
MOST_TRIALS = 20_000  # of a study; with a price and a record each


def grid(
    base: TrialSpec, axes: Mapping[str, Sequence], settings: Mapping | None = None
) -> tuple[TrialSpec, ...]:
    """Every combination of the axes' values, set on ``base``; the last axis varies fastest.

    ``settings`` are set together with each combination, where it does not say otherwise.

    An axis is one of three things: a dotted field (``"model.patch": [2, 4, 8]``); ``"model"``
    itself, whose values are networks of any families; or a label whose values are mappings of
    several fields that change together (``"size": [{"model.width": 16, "model.depth": 2}, ...]``).

    ValueError for an axis that is empty or names a value twice, and for more than ``MOST_TRIALS``.
    """
    if not isinstance(base, TrialSpec) or not isinstance(axes, Mapping):
        raise ValueError(
            f"grid({_short(base)}, {_short(axes)}) needs a TrialSpec and a mapping of axes, as in "
            'grid(BASE, {"model.width": [16, 32]})'
        )
    values_of = {axis: _values(axis, values) for axis, values in axes.items()}
    check_number(math.prod(map(len, values_of.values())), "the grid")
    choices = [
        [value if isinstance(value, Mapping) else {axis: value} for value in values]
        for axis, values in values_of.items()
    ]
    _check_apart(choices, axes)
    combined = (
        {k: v for part in combination for k, v in part.items()}
        for combination in itertools.product(*choices)
    )
    return tuple(
        with_settings(base, beside(settings or {}, chosen) | chosen) for chosen in combined
    )


def check_number(trials: int, what: str) -> None:
    """ValueError for more trials than a study may have."""
    if trials > MOST_TRIALS:
        raise ValueError(f"{what} has {trials} trials, more than {MOST_TRIALS}; ask for fewer")


def _values(axis: str, values) -> Sequence:
    if not isinstance(axis, str):
        raise ValueError(f"the axis {axis!r} is no name of a field, such as 'model.width'")
    if axis in OF_A_STUDY:
        raise ValueError(f"the axis {axis!r} is no field of a trial; {OF_A_STUDY[axis]}")
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise ValueError(f"the axis {axis!r} is {values!r}, not a list of values")
    # no more than are needed to see that there are too many
    some = list(itertools.islice(values, MOST_TRIALS + 1))
    if not some:
        raise ValueError(f"the axis {axis!r} is empty; give it a value, or leave it out")
    check_number(len(some), f"the axis {axis!r}")
    hashable: set = set()
    others: list = []
    for value in some:
        if isinstance(value, Mapping) and not value:
            raise ValueError(f"the axis {axis!r} has an empty mapping, which sets nothing")
        try:
            before, known = value in hashable, hashable.add
        except TypeError:  # a mapping or a list
            before, known = value in others, others.append
        if before:
            raise ValueError(f"the axis {axis!r} has the value {_short(value)} twice")
        known(value)
    return some


def _check_apart(choices: Iterable[Sequence[Mapping]], axes: Iterable[str]) -> None:
    """ValueError for a field that two axes set: the second would undo the first."""
    owner: dict[str, str] = {}
    for axis, values in zip(axes, choices):
        for field in dict.fromkeys(field for value in values for field in value):
            if owner.setdefault(field, axis) != axis:
                raise ValueError(
                    f"the axes {owner[field]!r} and {axis!r} both set {field}; leave it out of one"
                )


def _short(value) -> str:
    text = str(value)
    return text if len(text) < 80 else f"{text[:80]}..."


def distinct(trials: Iterable[TrialSpec]) -> tuple[TrialSpec, ...]:
    """The trials without repetitions, in order: two identical specs are one trial."""
    return tuple({trial.trial_id: trial for trial in trials}.values())


def with_seeds(trials: Iterable[TrialSpec], seeds: int) -> tuple[TrialSpec, ...]:
    """Each trial with training and sampling seeds 0 to ``seeds - 1``, seed by seed.

    The sampling seed changes with the training seed, so the spread over seeds contains both errors
    of a FID. ValueError for more trials than ``MOST_TRIALS``, and where no stream follows the seed.
    """
    if not isinstance(seeds, int):
        raise ValueError(f"{seeds!r} seeds: give a whole number")
    trials = tuple(trials)
    fixed = [trial for trial in trials if not trial.train.follows_seed]
    if fixed and seeds > 1:
        raise ValueError(
            f"{seeds} seeds of {fixed[0].trial_id} would all be one training: train.seeds fixes "
            "init, order and noise, and no stream follows train.seed; leave one of them null"
        )
    check_number(len(trials) * seeds, f"{len(trials)} trials of {seeds} seeds each: the study")
    return tuple(
        with_settings(trial, {"train.seed": seed, "evaluate.protocol.sampling_seed": seed})
        for seed in range(seeds)
        for trial in trials
    )
