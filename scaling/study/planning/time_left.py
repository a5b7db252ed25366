"""How long does the rest of a sweep take, judged by what has been done of it?

Within a quarter on a steady machine (its test). The machine of the recorded sweeps was shared:
there the mean |log error| is 0.18 to 0.48, where the floor and rate of the whole sweep, known
afterwards, would have had 0.07 to 0.25. A sweep begins with its largest trainings, so size and time
change together: a machine that gets faster looks as if small trainings were dear. What did not help
there, on average over four sweeps (0.38): newer work counting more or less (0.37 to 0.41), no waste
or one per training (0.38, 0.41), other floors (0.36 to 0.45), dividing the rest among the places.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scaling.study.planning.speed import Speed

# What a step, and an evaluation, cost besides their FLOPs, in FLOPs that would take as long. A
# sweep begins with its largest trainings, so that it must be supposed until others have been seen.
STEP_FLOPS, EVALUATION_FLOPS = 3e8, 3e10
FLOOR_WITHIN = 1.0  # natural logarithms
WITHIN = 0.3  # by how much, as a factor, the time of the same work varies
HALF = 4.0  # work counts half that was done so many trainings ago: machines get slower and faster
ENOUGH = 0.05  # of a training: then its own pace is known


@dataclass(frozen=True)
class Seen:
    """A training and its evaluations, as far as they have come."""

    steps: int
    flops: float  # of all steps
    evaluation_flops: tuple[float, ...]  # of each evaluation
    done_steps: int = 0
    train_s: float = 0.0  # that these steps took
    evaluated_s: tuple[float, ...] = ()  # that each finished evaluation took, the first ones
    ended: bool = False  # whatever the outcome


@dataclass(frozen=True)
class Paces:
    """Seconds of a step, and of an evaluation, by their FLOPs."""

    step_s: Callable[[float], float]
    evaluation_s: Callable[[float], float]

    @classmethod
    def of_speed(cls, speed: Speed) -> "Paces":
        return cls(
            step_s=lambda flops: speed.training_s(1, flops),
            evaluation_s=lambda flops: speed.measuring_s(1, flops),
        )

    def rest_s(self, training: Seen) -> tuple[float, float]:
        """What is left of a training, and of its evaluations."""
        rest = training.evaluation_flops[len(training.evaluated_s) :]
        return (training.steps - training.done_steps) * self.each_s(training), sum(
            map(self.evaluation_s, rest)
        )

    def each_s(self, training: Seen) -> float:
        """Of a step of ``training``: by its own pace, where that is known."""
        if training.done_steps >= ENOUGH * training.steps and training.train_s > 0:
            return training.train_s / training.done_steps
        return self.step_s(training.flops / training.steps)


def seconds_left(seen: Sequence[Seen], places: int, elapsed_s: float) -> float | None:
    """Until all have ended on ``places`` places; None while nothing tells.

    ``seen`` are in the order in which they begin. What the records do not account for (starting,
    waiting) is learned from ``elapsed_s``, the seconds since the sweep began.
    """
    paces = paces_of(seen)
    if paces is None:
        return None
    accounted = sum(training.train_s + sum(training.evaluated_s) for training in seen)
    ended = sum(training.ended for training in seen)
    waste = max(1.0, elapsed_s * places / accounted) if ended >= places else 1.0
    free = [0.0] * max(1, places)
    for training in seen:
        if not training.ended:
            free.sort()
            free[0] += waste * sum(paces.rest_s(training))
    return max(free)


def paces_of(seen: Sequence[Seen]) -> Paces | None:
    """As those tell that have taken steps, the latest to begin most; None while there are none."""
    begun = [training for training in seen if training.done_steps and training.train_s > 0]
    if not begun:
        return None
    ages = [len(begun) - 1 - i for i in range(len(begun))]
    step_s = floor_and_rate(
        [training.flops / training.steps for training in begun],
        [training.train_s / training.done_steps for training in begun],
        ages,
        STEP_FLOPS,
    )
    measured = [
        (flops, seconds, age)
        for training, age in zip(begun, ages)
        for flops, seconds in zip(training.evaluation_flops, training.evaluated_s)
        if seconds > 0
    ]
    if measured:
        evaluation_s = floor_and_rate(
            [row[0] for row in measured],
            [row[1] for row in measured],
            [row[2] for row in measured],
            EVALUATION_FLOPS,
        )
    else:  # as much for a FLOP as training takes
        rate = sum(o.train_s for o in begun) / sum(o.flops * o.done_steps / o.steps for o in begun)
        evaluation_s = lambda flops: flops * rate  # noqa: E731
    return Paces(step_s, evaluation_s)


def floor_and_rate(
    flops: Sequence[float], seconds: Sequence[float], ages: Sequence[float], floor_flops: float
) -> Callable[[float], float]:
    """Seconds as (floor + FLOPs) / rate: of all floors and rates the likeliest, in logarithms,
    where the floor is supposed to be ``floor_flops``; the newest count most.
    """
    x, y = np.asarray(flops, float), np.log(seconds)
    weights = 0.5 ** (np.asarray(ages) / HALF)
    doublings = np.linspace(-3 * FLOOR_WITHIN, 3 * FLOOR_WITHIN, 121)
    floors = floor_flops * np.exp(doublings)
    fits = np.log(floors[:, None] + x)
    levels = np.average(y - fits, axis=1, weights=weights)
    misfits = ((y - fits - levels[:, None]) / WITHIN) ** 2 @ weights
    best = np.argmin(misfits + (doublings / FLOOR_WITHIN) ** 2)
    floor, level = float(floors[best]), float(levels[best])
    return lambda f: float(np.exp(level) * (floor + f))
