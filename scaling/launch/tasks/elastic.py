"""With how many workers does a training begin, and when may it have more? Ray's placement groups
tell: they queue with all other work, and an autoscaler sees what they wait for.

Ray Train's own elasticity (num_workers=(min, max)) is not used. Ray 2.60 ends workers to resize
them, with all that they did since a checkpoint; it counts what nodes have, not what is free beside
evaluations, and then waits with nobody training; what a controller that died had claimed stays
claimed for three minutes; max_failures takes a lost node and an error of the code for the same; and
it begins with numbers of workers that do not divide the batch.
"""

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator

import ray
from ray.util import get_placement_group, placement_group, remove_placement_group

from scaling.launch.tasks.job import Job
from scaling.launch.trials import leaving

# For places for all workers, where the cluster has them, but others are on them.
PATIENCE_S = 30.0
LOOK_S = 2.0
GIVE_BACK_S = 10.0


def count_now(job: Job) -> int:
    """With how many workers the training can begin now: with all that are wanted, or after a while
    with as many as there are places for. Waits while there are none for the fewest.
    """
    *fewer, wanted = job.worker_counts
    if not fewer:
        return wanted  # Ray Train waits for them
    with _group(job, wanted) as group:
        until = time.monotonic() + PATIENCE_S
        # a node that is gone is seen to be so in between
        while time.monotonic() < until and places(_staying(), job.needs) >= wanted:
            if group.wait(LOOK_S):
                return wanted
    while True:
        for count in (wanted, *reversed(fewer)):
            with _group(job, count) as group:
                if group.wait(LOOK_S):
                    return count


def _staying() -> list[dict]:
    going = ray._private.state.state.get_draining_nodes()
    return [node for node in ray.nodes() if node["NodeID"] not in going]


def places(nodes: Iterable[dict], needs: dict[str, float]) -> int:
    """How many workers the living ``nodes`` have places for, whoever is on them. ``nodes`` are as
    ``ray.nodes`` tells; each worker ``needs`` amounts of resources.
    """
    return sum(
        min(
            int(node["Resources"].get(name, 0.0) // amount)
            for name, amount in needs.items()
            if amount
        )
        for node in nodes
        if node["Alive"]
    )


@contextlib.contextmanager
def asked_for_more(job: Job, size: int) -> Iterator[None]:
    """While entered, the training in this process, which has ``size`` workers, is asked to leave
    once there are places for the next larger number of them, which are held until the block ends.
    """
    more = min(count for count in job.worker_counts if count > size)
    ended = threading.Event()

    def look() -> None:
        if ended.wait(job.more_after_s):
            return
        with _group(job, more - size) as group:
            while not group.wait(LOOK_S):
                if ended.is_set():
                    return
            leaving.ask(f"goes on with more than {size} of {job.execution.workers} workers")
            ended.wait()

    looking = threading.Thread(target=look, daemon=True, name="more")
    looking.start()
    try:
        yield
    finally:
        ended.set()
        looking.join(timeout=GIVE_BACK_S)  # where the GCS is gone, asking it takes a minute


@contextlib.contextmanager
def _group(job: Job, count: int) -> Iterator:
    """Places for ``count`` workers, once there are any; given back when the block ends. A process
    that was killed has left its own, which Ray keeps until the sweep ends.
    """
    name = f"workers of {job.train_id}"
    with contextlib.suppress(ValueError):  # there is none
        remove_placement_group(get_placement_group(name))
    group = placement_group([job.needs] * count, name=name)
    try:
        yield group
    finally:
        remove_placement_group(group)
