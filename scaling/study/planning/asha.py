"""Which trainings go on, and which stop early? Asynchronous successive halving (ASHA).

Li et al. 2018, A System for Massively Parallel Hyperparameter Tuning (arXiv 1810.05934), Algorithm
2: at each rung of steps the best ``1/eta`` of those that have reached it go on to the next one; the
others stay where they are, and may still go on once more have reached it.

Trainings are compared within a group only: one model on one set of images, with one batch, length
and seed, at several learning rates or other settings. A small model is never stopped because a
large one has a lower loss: in a scaling study that is no fault of the small one, and its end is a
point of the curve.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from scaling.study.planning.forecast import Forecast
from scaling.study.planning.plan import Plan, PlannedTrial
from scaling.study.specs.identity import Spec, identity
from scaling.study.specs.training import MOST_STEPS

FORM = "grace=STEPS or grace=STEPS,eta=3"


class Asha(Spec):
    """The first rung lies at ``grace`` steps, each further one ``eta`` times as far."""

    grace: int = Field(ge=1, le=MOST_STEPS)
    eta: int = Field(3, ge=2, le=1000)

    @classmethod
    def parse(cls, text: str) -> "Asha":
        """As ``--asha`` gives it. ValueError for anything but FORM."""
        given: dict[str, int] = {}
        for part in text.split(","):
            key, _, value = part.partition("=")
            number = value.strip()
            if key.strip() not in cls.model_fields or not number.isdecimal() or key in given:
                raise ValueError(f"--asha {text!r}: {part!r} is not understood; give {FORM}")
            given[key.strip()] = int(number)
        if "grace" not in given:
            raise ValueError(f"--asha {text!r} does not say where the first rung is; give {FORM}")
        if not 1 <= given["grace"] <= MOST_STEPS or not 2 <= given.get("eta", 3) <= 1000:
            raise ValueError(
                f"--asha {text!r}: grace lies in 1 .. {MOST_STEPS}, and eta in 2 .. 1000"
            )
        return cls(**given)

    def rungs(self, steps: int) -> tuple[int, ...]:
        """Those of a training of ``steps`` steps, before its end."""
        rungs, rung = [], self.grace
        while rung < steps:
            rungs.append(rung)
            rung *= self.eta
        return tuple(rungs)

    def check(self, plan: Plan) -> list[str]:
        """What is to be said of ``plan`` with this. ValueError where no training can be compared,
        or where a rung has no held-out loss.
        """
        sizes = [len(group) for group in groups(plan)]
        if max(sizes) == 1:
            raise ValueError(
                "--asha compares trainings of one model, batch, length and seed, and each of the "
                f"{len(sizes)} here is alone; give several learning rates, as --grid "
                "train.lr=1e-3,3e-3,1e-2 does, or leave --asha out"
            )
        for trial in plan.trials:
            train = trial.spec.train
            if trial.spec.trunk:
                raise ValueError(
                    f"--asha stops whole trainings, and {trial.trial_id} (schedule wsd) trains a "
                    "trunk that others may share; use train.schedule=constant or cosine"
                )
            if not self.rungs(train.steps):
                raise ValueError(
                    f"--asha grace={self.grace}: the first rung is not before the end of "
                    f"{trial.trial_id}, which trains {train.steps} steps; lower grace"
                )
            if self.grace % train.heldout_every:
                raise ValueError(
                    f"--asha grace={self.grace} is no multiple of train.heldout_every="
                    f"{train.heldout_every}, so no held-out loss is measured there; give such a "
                    f"multiple, or --set train.heldout_every={self.grace}"
                )
        alone = sizes.count(1)
        if alone:
            return [f"{alone} of {len(sizes)} groups are one training, which --asha never stops"]
        return []


def groups(plan: Plan) -> list[list[PlannedTrial]]:
    """Trainings that may be compared, one trial for each (its longest), in the order of the
    plan.
    """
    comparable: dict[str, dict[str, PlannedTrial]] = {}
    for trials in plan.runs():
        trial = max(trials, key=lambda trial: trial.spec.train.steps)
        spec, train = trial.spec, trial.spec.train
        key = identity(
            [
                spec.model.identity_fields(),
                spec.data.identity_fields(),
                spec.diffusion.identity_fields(),
                spec.evaluate.ema.identity_fields(),
                [train.steps, train.batch, train.seed, train.seeds.identity_fields()],
                train.init and train.init.identity_fields(),
            ]
        )
        comparable.setdefault(key, {})[trial.train_id] = trial
    place = {trial.train_id: i for i, trial in reversed([*enumerate(plan.trials)])}
    ordered = [
        sorted(group.values(), key=lambda member: place[member.train_id])
        for group in comparable.values()
    ]
    return sorted(ordered, key=lambda group: place[group[0].train_id])


@dataclass(frozen=True)
class Entrant:
    """A training of a group, as far as it has come."""

    train_id: str
    losses: Mapping[int, float | None] = field(default_factory=dict)  # held-out, by step
    done_steps: int = 0
    passed: int = 0  # the highest rung that it was let pass
    diverged: bool = False  # at its last step
    lost: bool = False  # it will not come further, for reasons that say nothing of its loss


@dataclass(frozen=True)
class Place:
    """How a training stands at the last rung that it has reached."""

    rung: int
    rank: int  # 1 is the lowest held-out loss
    of: int  # that have reached the rung, or diverged before it
    goes_on: bool

    def __str__(self) -> str:
        return f"rung {self.rung}, {ordinal(self.rank)} of {self.of} by held-out loss"


def places(entrants: Sequence[Entrant], rungs: Sequence[int], eta: int) -> dict[str, Place]:
    """Of each of the ``entrants`` of one group that has reached a rung.

    At a rung that n have reached the best ⌊n / eta⌋ go on. Once none is still to come there the
    best goes on in any case, as a group, unlike the endless supply of Algorithm 2, is to have a
    winner. Who has passed a rung is not called back. Of equal losses the first entrant's is best.
    A training that diverged before a rung counts there, as the worst.
    """
    places_by_id: dict[str, Place] = {}
    entered = list(entrants)
    for rung in rungs:
        arrived = [entrant for entrant in entered if rung in entrant.losses]
        diverged = [
            entrant for entrant in entered if entrant.diverged and rung not in entrant.losses
        ]
        waits = any(
            not (
                rung in entrant.losses
                or entrant.diverged
                or entrant.lost
                or entrant.done_steps > rung
            )
            for entrant in entered
        )
        count = len(arrived) + len(diverged)
        best = count // eta if waits else max(1, count // eta)
        ranked = sorted(arrived, key=lambda entrant, rung=rung: _finite(entrant.losses[rung]))
        entered = []
        for rank, entrant in enumerate(ranked, 1):
            beats = rank <= best and math.isfinite(_finite(entrant.losses[rung]))
            goes_on = beats or entrant.passed >= rung or entrant.done_steps > rung
            places_by_id[entrant.train_id] = Place(rung, rank, count, goes_on)
            if goes_on:
                entered.append(entrant)
    return places_by_id


def _finite(loss: float | None) -> float:
    return math.inf if loss is None or not math.isfinite(loss) else loss


def planned_steps(count: int, steps: int, asha: Asha) -> list[int]:
    """How far each of a group of ``count`` trainings of ``steps`` steps comes where all reach a
    rung before any goes on; the furthest first.
    """
    ends: list[int] = []
    for rung in asha.rungs(steps):
        on = max(1, count // asha.eta)
        ends += [rung] * (count - on)
        count = on
    return [steps] * count + ends[::-1]


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``4th``, ``11th``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"


@dataclass(frozen=True)
class Stopping:
    """What a plan is forecast to take where ASHA stops trainings early."""

    gpu_hours: float
    gpu_hours_without: float
    trainings: int
    to_the_end: int

    def __str__(self) -> str:
        return (
            f"with --asha about {self.gpu_hours:.4g} GPU-hours, {self.gpu_hours_without:.4g} "
            f"without: {self.to_the_end} of {self.trainings} trainings run to their end"
        )


def with_asha(plan: Plan, asha: Asha, forecast: Forecast) -> Stopping:
    """As ``told`` of all to their ends, and as ``planned_steps`` has them stop."""
    hours = {trial.trial_id: trial for trial in forecast.trials}
    of_training: dict[str, list[PlannedTrial]] = {}
    for trial in plan.trials:
        of_training.setdefault(trial.train_id, []).append(trial)
    total, count, whole = 0.0, 0, 0
    for group in groups(plan):
        steps = group[0].spec.train.steps
        ends = planned_steps(len(group), steps, asha)
        count, whole = count + len(ends), whole + ends.count(steps)
        trained = sum(ends) / (steps * len(ends))  # all of a group cost the same
        for trial in (t for longest in group for t in of_training[longest.train_id]):
            measured = sum(sum(step <= end for step in trial.eval_ids) for end in ends)
            share = measured / (len(trial.eval_ids) * len(ends))
            priced = hours[trial.trial_id]
            total += trained * priced.train_hours + share * priced.measure_hours
    return Stopping(total, forecast.gpu_hours, count, whole)
