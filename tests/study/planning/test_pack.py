"""Is a schedule possible, near its bound on the paper's grid, and near the best of all on small
ones?
"""

import itertools
import random

import pytest

from scaling.study import Plan, load_study
from scaling.study.planning.pack import Task, hours_on, lower_bound, pack, widths

EFFICIENCY = 0.9


def test_each_doubling_keeps_its_part_of_the_speed():
    assert hours_on(8.0, 1, 0.5) == 8.0
    assert hours_on(8.0, 4, 0.5) == 8.0  # at a quarter of what four should bring
    assert hours_on(8.0, 8, 1.0) == 1.0
    assert widths(12, 8) == (1, 2, 3, 4, 6)


def check(tasks, gpus, placed) -> float:
    """No GPU has two trainings, each takes its time and waits for what it needs; the makespan."""
    events = sorted({place.start for place in placed})
    for task, place in zip(tasks, placed):
        assert place.gpus in task.widths and place.gpus <= gpus
        if task.after is not None:
            before = tasks[task.after], placed[task.after]
            assert place.start >= before[1].start + hours_on(
                before[0].hours, before[1].gpus, EFFICIENCY
            ) * (1 - 1e-9)
    trained = [
        (place, place.start + hours_on(task.hours, place.gpus, EFFICIENCY))
        for task, place in zip(tasks, placed)
    ]
    for now in events:
        busy = sum(place.gpus for place, end in trained if place.start <= now < end - 1e-9)
        assert busy <= gpus
    return max(place.end for place in placed)


def in_order(tasks, gpus, allotted, order) -> float:
    """The makespan where each task, in that order, begins as soon as its GPUs are free."""
    free = [0.0] * gpus
    for i in order:
        free.sort()
        start = free[allotted[i] - 1]
        end = start + hours_on(tasks[i].hours, allotted[i], EFFICIENCY)
        free[: allotted[i]] = [end] * allotted[i]
    return max(free)


def best(tasks, gpus) -> float:
    """Of all widths and orders; some order reaches the least makespan of any schedule."""
    return min(
        in_order(tasks, gpus, allotted, order)
        for allotted in itertools.product(*(t.widths for t in tasks))
        for order in itertools.permutations(range(len(tasks)))
    )


@pytest.mark.parametrize("seed", range(12))
def test_small_grids_are_packed_nearly_as_well_as_can_be(seed):
    rng = random.Random(seed)
    gpus = rng.choice((2, 3, 4))
    tasks = [
        Task(hours=rng.choice((1, 2, 3, 5, 8)) * rng.uniform(0.8, 1.2), widths=widths(4, gpus))
        for _ in range(rng.choice((3, 4, 5)))
    ]
    span, least = check(tasks, gpus, pack(tasks, gpus, EFFICIENCY)), best(tasks, gpus)
    assert lower_bound(tasks, gpus, EFFICIENCY) <= least * (1 + 1e-9)
    assert least * (1 - 1e-9) <= span <= 1.02 * least


@pytest.mark.parametrize("gpus", (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64))
def test_the_papers_grid_ends_within_a_twentieth_of_its_bound(gpus):
    flops = [trial.train_flops for trial in Plan.of(load_study("dit_imagenet256")).trials]
    tasks = [
        Task(
            hours=129 * f / sum(flops),
            widths=widths(256, gpus),
            measuring=88 * f / sum(flops),
            checkpoints=8,
            parts=50,
        )
        for f in flops
    ]
    span = max(place.end for place in pack(tasks, gpus))
    bound = lower_bound(tasks, gpus)
    assert bound <= span <= 1.05 * bound
    # the bound is never below the two that anyone can see
    assert bound >= 217 / gpus * (1 - 1e-9)
    assert bound >= hours_on(max(t.hours for t in tasks), max(widths(256, gpus)))


def test_measuring_fills_the_gpus_that_trainings_leave():
    # one training on one of two GPUs; its first evaluation runs beside its second half
    (place,) = pack([Task(hours=4.0, widths=(1,), measuring=4.0, checkpoints=2, parts=2)], 2)
    assert (place.start, place.end) == (0.0, 5.0)


def test_a_cooldown_begins_when_its_trunk_has_been_trained():
    tasks = [Task(hours=4.0, widths=(1,)), Task(hours=1.0, widths=(1,), after=0)]
    placed = pack(tasks, 2, EFFICIENCY)
    assert check(tasks, 2, placed) == 5.0 and placed[1].start == 4.0


def test_a_chain_is_refused_and_not_left_at_hour_0():
    first, then = Task(hours=1.0, widths=(1,)), [Task(1.0, (1,), after=i) for i in (0, 1)]
    with pytest.raises(ValueError, match="1 tasks are after one that is itself after another"):
        pack([first, *then], 2)


def test_no_gpu_is_refused():
    with pytest.raises(ValueError, match="0 GPUs"):
        pack([Task(hours=1.0, widths=(1,))], 0)
