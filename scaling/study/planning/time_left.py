"""How long does the rest of a sweep take, judged by what has been done of it?

Within a quarter on a steady machine (its test). Over 18 recorded sweeps the mean |log error| from
the third training on is 0.26: 0.17 over six on a quiet machine, 0.31 over twelve on a shared one. A
sweep begins with its largest trainings, so size and time change together: a machine that gets
faster looks as if small trainings were dear. What did not help, on average: newer work counting
more or less, no waste or one per training, other floors, dividing the rest among the places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from scaling.study.planning.pace import Kind, SecondsOf, Work, seconds_of
from scaling.study.planning.speed import Speed

# What a step, and an evaluation, cost besides their FLOPs, in FLOPs that would take as long. A
# sweep begins with its largest trainings, so that it must be supposed until others have been seen.
STEP_FLOPS, EVALUATION_FLOPS = 3e8, 3e10
ENOUGH = 0.05  # of a training: then its own pace is known


@dataclass(frozen=True)
class Seen:
    """A training and its evaluations, as far as they have come."""

    steps: int
    flops: float  # of all steps
    evaluation_flops: tuple[float, ...]  # of each evaluation
    kind: Kind = ("", "")  # its family and its network: whose seconds a FLOP are alike
    done_steps: int = 0
    train_s: float = 0.0  # that these steps took
    evaluated_s: tuple[float, ...] = ()  # that each finished evaluation took, the first ones
    ended: bool = False  # whatever the outcome


@dataclass(frozen=True)
class Paces:
    """Seconds of a step, and of an evaluation, by their FLOPs and the kind of network."""

    step_s: SecondsOf
    evaluation_s: SecondsOf

    @classmethod
    def of_speed(cls, speed: Speed) -> "Paces":
        return cls(
            step_s=lambda flops, kind: speed.training_s(1, flops),
            evaluation_s=lambda flops, kind: speed.measuring_s(1, flops),
        )

    def rest_s(self, training: Seen) -> tuple[float, float]:
        """What is left of a training, and of its evaluations."""
        rest = training.evaluation_flops[len(training.evaluated_s) :]
        return (training.steps - training.done_steps) * self.each_s(training), sum(
            self.evaluation_s(flops, training.kind) for flops in rest
        )

    def each_s(self, training: Seen) -> float:
        """Of a step of ``training``: by its own pace, where that is known."""
        if training.done_steps >= ENOUGH * training.steps and training.train_s > 0:
            return training.train_s / training.done_steps
        return self.step_s(training.flops / training.steps, training.kind)


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
    """As those tell that have taken steps; None while there are none."""
    begun = [training for training in seen if training.done_steps and training.train_s > 0]
    if not begun:
        return None
    steps = [
        Work(t.flops / t.steps, t.train_s / t.done_steps, t.kind, place)
        for place, t in enumerate(begun)
    ]
    evaluations = [
        Work(flops, fmean(seconds), t.kind, place)
        for place, t in enumerate(begun)
        for flops, seconds in _by_flops(t).items()
    ]
    if evaluations:
        evaluation_s = seconds_of(evaluations, len(begun), EVALUATION_FLOPS)
    else:  # as much for a FLOP as training takes
        rate = sum(o.train_s for o in begun) / sum(o.flops * o.done_steps / o.steps for o in begun)
        evaluation_s = lambda flops, kind: flops * rate  # noqa: E731
    return Paces(seconds_of(steps, len(begun), STEP_FLOPS), evaluation_s)


def _by_flops(training: Seen) -> dict[float, list[float]]:
    """Seconds of its evaluations that ended, those of equal FLOPs together."""
    seconds: dict[float, list[float]] = {}
    for flops, each_s in zip(training.evaluation_flops, training.evaluated_s):
        if each_s > 0:
            seconds.setdefault(flops, []).append(each_s)
    return seconds
