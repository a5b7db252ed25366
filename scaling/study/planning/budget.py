"""What may still begin, and what must end, so that a sweep stays within its GPU-hours?"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scaling.study.planning.time_left import Paces, Seen

MARGIN_S = 15.0  # for all that runs to end, once it must
SECONDS = 3600.0  # of an hour


@dataclass(frozen=True)
class Standing:
    """A training of a sweep and its evaluations, as they stand."""

    train_id: str
    seen: Seen
    spent_hours: float = 0.0  # GPU-hours, lost attempts and evaluations included
    at_least: bool = False  # the record does not tell all hours: these are those of the curve
    devices: float = 1.0  # that the training holds: GPUs, or workers on CPUs
    measuring_devices: float = 1.0  # that an evaluation holds
    running: bool = False  # it was let begin, and has not ended
    # The step of the checkpoint after the next one, and FLOPs of each evaluation due by then.
    reach: int = 0
    due: tuple[float, ...] = ()

    def rest_hours(self, paces: Paces) -> tuple[float, float]:
        """GPU-hours that are left of the training, and of its evaluations."""
        train_s, measure_s = paces.rest_s(self.seen)
        return self.devices * train_s / SECONDS, self.measuring_devices * measure_s / SECONDS

    def reach_hours(self, paces: Paces) -> float:
        """GPU-hours up to the checkpoint after the next, with the evaluations due by then."""
        steps = max(0, self.reach - self.seen.done_steps)
        train_s = steps * paces.each_s(self.seen)
        measure_s = sum(paces.evaluation_s(flops, self.seen.kind) for flops in self.due)
        return (self.devices * train_s + self.measuring_devices * measure_s) / SECONDS


@dataclass
class Verdict:
    """What a budget allows now."""

    spent_hours: float
    over: bool  # all that runs must end now
    ending: bool  # what runs ends at its next checkpoint, and nothing begins
    begin: list[str] = field(default_factory=list)  # of those that ask; the others wait
    refused: dict[str, str] = field(default_factory=dict)  # why


def verdict(
    budget: float, standings: Sequence[Standing], paces: Paces | None, asking: Sequence[str] = ()
) -> Verdict:
    """Of ``standings``, all trainings of the study, on ``budget`` GPU-hours; ``asking`` are those
    that would begin, first come first.

    While no pace is known, one training runs alone. Trainings end at a checkpoint from which the
    next two could not both be paid; each passes one without asking. What runs over the budget for
    all that is ended, MARGIN_S before.
    """
    spent = sum(standing.spent_hours for standing in standings)
    running = [standing for standing in standings if standing.running]
    margin = sum(standing.devices for standing in running) * MARGIN_S / SECONDS
    over = spent + margin >= budget
    reach = 0.0 if paces is None else sum(standing.reach_hours(paces) for standing in running)
    allowed = Verdict(spent, over, ending=over or spent + reach >= budget)
    left = budget - spent
    if paces is not None:
        left -= sum(sum(standing.rest_hours(paces)) for standing in running)
    by_id = {standing.train_id: standing for standing in standings}
    for train_id in asking:
        margin += by_id[train_id].devices * MARGIN_S / SECONDS
        if allowed.ending:
            allowed.refused[train_id] = f"the budget of {budget:g} GPU-hours is used up"
        elif spent + margin >= budget:
            allowed.refused[train_id] = (
                f"the budget of {budget:g} GPU-hours leaves less than the {MARGIN_S:g} s that "
                "ending takes"
            )
        elif paces is None:
            if not running and not allowed.begin:
                allowed.begin.append(train_id)
        elif (takes := sum(by_id[train_id].rest_hours(paces))) <= left:
            allowed.begin.append(train_id)
            left -= takes
        else:
            allowed.refused[train_id] = (
                f"it is forecast to take {takes:.3g} GPU-hours, and {max(0.0, left):.3g} of the "
                f"budget of {budget:g} are free"
            )
    return allowed


def check_budget(budget: float | None) -> None:
    """ValueError for what is no number of GPU-hours above 0."""
    if budget is not None and not 0 < budget < float("inf"):
        raise ValueError(f"--budget {budget:g} is not a number of GPU-hours above 0")
