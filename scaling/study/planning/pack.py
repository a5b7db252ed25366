"""On which GPUs does each training run, and when? Moldable trainings packed onto N GPUs.

A training takes any whole number of GPUs that divides its batch. Each doubling keeps ``EFFICIENCY``
of the speed that it should bring, so k GPUs take hours / (k * EFFICIENCY ** log2(k)). Evaluations
are measured beside it, each part on one GPU, where one is free.
"""

import heapq
import math
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Data-parallel training on GPUs of one node, gradients exchanged during the backward pass.
EFFICIENCY = 0.95
SMALL = 40  # so many trainings or fewer are improved by trying
EVENTS = 240_000  # of placing that improving may take: a second or two
WORSE = 0.4  # by how much a makespan may grow, at first, while improving
PARTS = 4  # of an evaluation are placed apart, at most, where tasks are many
# Hours within which each training is to end, in multiples of the bound, and how many are tried.
LEAST, MOST, STEPS = 0.3, 1.5, 36


@dataclass(frozen=True)
class Task:
    """A training to be placed."""

    hours: float  # of training, on one GPU
    widths: tuple[int, ...]  # numbers of GPUs that it can take, ascending
    after: int | None = None  # the index of a task, after none itself, that must have been trained
    measuring: float = 0.0  # GPU-hours of all its evaluations
    checkpoints: int = 1  # that are measured, evenly over the training
    parts: int = 1  # of an evaluation, which are independent of each other


@dataclass(frozen=True)
class Placed:
    """Where a task runs."""

    gpus: int  # of its training
    start: float  # hours
    end: float  # of its last evaluation


def hours_on(hours: float, gpus: int, efficiency: float = EFFICIENCY) -> float:
    """How long a training of ``hours`` on one GPU takes on several."""
    return hours / (gpus * efficiency ** math.log2(gpus))


def widths(batch: int, most: int) -> tuple[int, ...]:
    """The numbers of GPUs, up to ``most``, that can share a batch equally."""
    return tuple(k for k in range(1, min(batch, most) + 1) if batch % k == 0)


def lower_bound(tasks: Sequence[Task], gpus: int, efficiency: float = EFFICIENCY) -> float:
    """Hours below which no schedule can end: within T each task takes at least the GPU-hours of its
    narrowest width that ends within T, measuring takes its own, and all have to fit into ``gpus``
    times T.

    This is never below the longest task at its best width, nor below the GPU-hours at one GPU each
    over all GPUs.
    """
    low, high = 0.0, sum(task.hours + task.measuring for task in tasks)
    for _ in range(60):
        middle = (low + high) / 2
        if _fits(tasks, gpus, middle, efficiency):
            high = middle
        else:
            low = middle
    return low


def _fits(tasks: Sequence[Task], gpus: int, within: float, efficiency: float) -> bool:
    """Whether the GPU-hours that the tasks take at least fit into ``gpus`` times ``within``."""
    total = sum(task.measuring for task in tasks)
    for task in tasks:
        width = _narrowest(task, gpus, within, efficiency)
        if width is None:
            return False
        total += width * hours_on(task.hours, width, efficiency)
        if total > gpus * within:
            return False
    return True


def _narrowest(task: Task, gpus: int, within: float, efficiency: float) -> int | None:
    for width in task.widths:
        if width <= gpus and hours_on(task.hours, width, efficiency) <= within:
            return width
    return None


def pack(tasks: Sequence[Task], gpus: int, efficiency: float = EFFICIENCY) -> list[Placed]:
    """A place for each task, in their order. ValueError for fewer than one GPU, or for a task after
    one that is itself after another.

    For a number of makespans, each task gets the narrowest width that ends within it, and the tasks
    are placed longest first, and widest first. The best schedule is kept; of few tasks it is
    improved by changing widths and order at random, always from the same seed.
    """
    if gpus < 1:
        raise ValueError(f"{gpus} GPUs; a schedule needs 1 or more")
    if chained := [t for t in tasks if t.after is not None and tasks[t.after].after is not None]:
        raise ValueError(f"{len(chained)} tasks are after one that is itself after another")
    if not tasks:
        return []
    bound = lower_bound(tasks, gpus, efficiency)
    best: tuple[float, list[int], list[int]] | None = None
    for allotted in _allotments(tasks, gpus, bound, efficiency):
        lengths = [hours_on(t.hours, k, efficiency) for t, k in zip(tasks, allotted)]
        for order in (
            sorted(range(len(tasks)), key=lambda i: -lengths[i]),
            sorted(range(len(tasks)), key=lambda i: (-allotted[i], -lengths[i])),
        ):
            order = _dependent_last(tasks, order)
            span = _makespan(tasks, gpus, allotted, lengths, order)
            if best is None or span < best[0] - 1e-12:
                best = span, allotted, order
    assert best is not None  # at least the widest widths are tried
    if len(tasks) <= SMALL and gpus > 1:
        best = _improved(tasks, gpus, best, bound, efficiency)
    _, allotted, order = best
    lengths = [hours_on(t.hours, k, efficiency) for t, k in zip(tasks, allotted)]
    return list(_place(tasks, gpus, allotted, lengths, order))


def _allotments(
    tasks: Sequence[Task], gpus: int, bound: float, efficiency: float
) -> Iterator[list[int]]:
    """Widths with which each training ends within a part of the bound, or a little more; each
    distinct choice once.
    """
    seen = set()
    for step in range(STEPS + 1):
        within = bound * (LEAST + (MOST - LEAST) * step / STEPS) * (1 + 1e-9)
        chosen = [_narrowest(task, gpus, within, efficiency) for task in tasks]
        allotted = [
            k if k is not None else max(w for w in task.widths if w <= gpus)
            for k, task in zip(chosen, tasks)
        ]
        if tuple(allotted) not in seen:
            seen.add(tuple(allotted))
            yield allotted


def _dependent_last(tasks: Sequence[Task], order: list[int]) -> list[int]:
    return sorted(order, key=lambda i: tasks[i].after is not None)


def _place(
    tasks: Sequence[Task],
    gpus: int,
    allotted: list[int],
    lengths: list[float],
    order: list[int],
) -> list[Placed]:
    """Each task in ``order`` as soon as its GPUs are free; measuring fills the others."""
    waiting, free, now = deque(order), gpus, 0.0
    # the hour, the GPUs that get free then, the task, and the parts to be measured from then on
    # with the hours of each
    running: list[tuple[float, int, int, int, float]] = []
    most_parts = max(PARTS, gpus // 4) if len(tasks) <= SMALL else PARTS
    starts, ends = [0.0] * len(tasks), [0.0] * len(tasks)
    ready: deque[tuple[int, float, int]] = deque()  # task, hours of a part, how many parts
    trained: dict[int, float] = {}
    while True:
        while waiting:
            i = waiting[0]
            after = tasks[i].after
            if allotted[i] > free or (after is not None and trained.get(after, now + 1) > now):
                break
            waiting.popleft()
            free -= allotted[i]
            starts[i], trained[i] = now, now + lengths[i]
            heapq.heappush(running, (trained[i], allotted[i], i, 0, 0.0))
            share = tasks[i].measuring / max(1, tasks[i].checkpoints)
            for k in range(tasks[i].checkpoints if share else 0):
                at = now + lengths[i] * (k + 1) / tasks[i].checkpoints
                parts = min(tasks[i].parts, most_parts)
                heapq.heappush(running, (at, 0, i, parts, share / parts))
        while free and ready:
            i, hours, parts = ready.popleft()
            if parts > 1:
                ready.appendleft((i, hours, parts - 1))
            free -= 1
            heapq.heappush(running, (now + hours, 1, i, 0, 0.0))
        if not running:
            break
        now, released, i, parts, hours = heapq.heappop(running)
        free += released
        ends[i] = max(ends[i], now)
        if parts:
            ready.append((i, hours, parts))
    return [Placed(allotted[i], starts[i], ends[i]) for i in range(len(tasks))]


def _makespan(tasks, gpus, allotted, lengths, order) -> float:
    return max(place.end for place in _place(tasks, gpus, allotted, lengths, order))


def _improved(
    tasks: Sequence[Task],
    gpus: int,
    best: tuple[float, list[int], list[int]],
    bound: float,
    efficiency: float,
) -> tuple[float, list[int], list[int]]:
    """Change a width or a place in the order at random, and keep the best."""
    rng = random.Random(0)
    possible = [[w for w in task.widths if w <= gpus] for task in tasks]
    events = sum(1 + t.checkpoints * min(t.parts, max(PARTS, gpus // 4)) for t in tasks)
    tries = max(300, min(6000, EVENTS // events))
    now = best
    for attempt in range(tries):
        if best[0] <= bound * (1 + 1e-9):
            break
        allotted, order = list(now[1]), list(now[2])
        i, j = rng.randrange(len(tasks)), rng.randrange(len(tasks))
        if rng.random() < 0.5:
            allotted[i] = rng.choice(possible[i])
        if rng.random() < 0.7:
            order.insert(j, order.pop(i))
        order = _dependent_last(tasks, order)
        lengths = [hours_on(t.hours, k, efficiency) for t, k in zip(tasks, allotted)]
        span = _makespan(tasks, gpus, allotted, lengths, order)
        # A little worse is borne at first, so that it is not stuck where no single change helps.
        if span <= now[0] * (1 + WORSE * (1 - attempt / tries) * rng.random()):
            now = span, allotted, order
        if span < best[0]:
            best = now = span, allotted, order
    return best
