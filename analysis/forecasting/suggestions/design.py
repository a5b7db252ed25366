"""Which training, to which step, narrows the target's forecast most per GPU-hour? Bayesian
c-optimal design, greedily.

Under a joint Gaussian the variance that a measurement will leave does not depend on what it will
read, so it is known before the money is spent. Every choice is the increment of one training to a
later checkpoint: the checkpoints before it come with it, and only the steps that were not trained
yet are paid. After a choice the covariance is conditioned on it, so that the next one is worth what
it adds.

Choosing scaling-law experiments by design criteria is the subject of active-sl (arXiv 2604.22753),
whose baselines are D- and V-optimal designs: ``tests/benchmarks/bench_suggest.py`` runs both beside
this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_GAIN = 0.02  # of the variance at the start, 1 % of the width: less is not worth telling


@dataclass(frozen=True)
class Training:
    """What one training can still measure: ``places`` (indices, in step order) and what reaching
    each costs, in GPU-hours.
    """

    places: tuple[int, ...]
    prices: tuple[float, ...]

    def after(self, checkpoint: int) -> "Training":
        """The same once it has run to its checkpoint of that number."""
        paid = self.prices[checkpoint]
        return Training(
            self.places[checkpoint + 1 :],
            tuple(price - paid for price in self.prices[checkpoint + 1 :]),
        )


@dataclass(frozen=True)
class Choice:
    training: int  # which of the trainings
    checkpoint: int  # which of its remaining places it runs to
    gpu_hours: float
    variance: float  # of the target's log FID afterwards


def variances_after(
    covariance: np.ndarray, target: int, places: Sequence[int], noise: float
) -> np.ndarray:
    """The target's variance after measuring ``places`` one after another, each with variance
    ``noise``: (len(places),).
    """
    index = [*places, target]
    left, variances = covariance[np.ix_(index, index)], []
    for i in range(len(places)):
        gain = left[:, i] / np.sqrt(left[i, i] + noise)
        left = left - np.outer(gain, gain)
        variances.append(left[-1, -1])
    return np.array(variances)


def conditioned(covariance: np.ndarray, places: Sequence[int], noise: float) -> np.ndarray:
    """The covariance of all places once ``places`` are measured."""
    for i in places:
        gain = covariance[:, i] / np.sqrt(covariance[i, i] + noise)
        covariance = covariance - np.outer(gain, gain)
    return covariance


def best(
    covariance: np.ndarray,
    target: int,
    trainings: Sequence[Training],
    noise: float,
    budget: float = np.inf,
    cost_power: float = 1.0,
    least: float = 0.0,
) -> Choice | None:
    """The affordable choice that takes most of the target's variance per GPU-hour ** cost_power,
    of those that take ``least`` of it or more; None: there is none.
    """
    now, choice, most = covariance[target, target], None, 0.0
    for which, training in enumerate(trainings):
        left = variances_after(covariance, target, training.places, noise)
        for checkpoint, (price, variance) in enumerate(zip(training.prices, left)):
            rate = (now - variance) / price**cost_power
            if price > budget or now - variance < least:
                continue
            if choice is None or rate > most:
                choice, most = Choice(which, checkpoint, price, float(variance)), rate
    return choice


def choose(
    covariance: np.ndarray, target: int, trainings: Sequence[Training], noise: float, budget: float
) -> list[Choice]:
    """Choices in order, their prices together within ``budget``; one training may be continued by a
    later choice.

    The rate per GPU-hour buys cheap steps first and may leave too little for a dear one that alone
    would tell more: the better of both plans is returned.
    """
    if not budget > 0:
        raise ValueError(f"a budget of {budget:g} GPU-hours buys nothing; give one above 0")
    steady, dear_first = (
        _greedy(covariance, target, trainings, noise, budget, cost_power)
        for cost_power in (1.0, 0.0)
    )
    if not (steady and dear_first):
        return steady or dear_first
    return (
        dear_first
        if steady[-1].variance - dear_first[-1].variance > LEAST_GAIN * covariance[target, target]
        else steady
    )


def _greedy(covariance, target, trainings, noise, budget, cost_power) -> list[Choice]:
    trainings, least, chosen = list(trainings), LEAST_GAIN * covariance[target, target], []
    while choice := best(covariance, target, trainings, noise, budget, cost_power, least):
        training = trainings[choice.training]
        covariance = conditioned(covariance, training.places[: choice.checkpoint + 1], noise)
        trainings[choice.training] = training.after(choice.checkpoint)
        budget -= choice.gpu_hours
        cost_power = 1.0  # once the one that tells most is bought
        chosen.append(choice)
    return chosen
