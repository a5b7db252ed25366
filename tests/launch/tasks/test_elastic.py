"""Is it known how many workers a training can have now, and is it told when there may be more?"""

import time
from dataclasses import dataclass

import pytest
from ray.util import get_placement_group, placement_group

from scaling.launch.tasks.elastic import asked_for_more, count_now, places
from scaling.launch.trials import leaving
from scaling.study.execution import Execution


def node(alive: bool = True, **resources: float) -> dict:
    return {"Alive": alive, "Resources": resources}


@pytest.mark.parametrize(
    "nodes, count",
    [
        ([], 0),
        ([node(CPU=8, GPU=4), node(CPU=8, GPU=4)], 8),
        ([node(CPU=8, GPU=4), node(False, CPU=8, GPU=4)], 4),  # one is gone
        ([node(CPU=3, GPU=4)], 3),
        ([node(CPU=8), node(GPU=4)], 0),  # what one worker needs is on no node
        ([node(CPU=1.5, GPU=1)], 1),
    ],
)
def test_a_worker_is_on_one_node(nodes, count):
    assert places(nodes, {"CPU": 1, "GPU": 1}) == count


@dataclass
class Asked:
    """What of a Job tells how many workers there may be."""

    train_id: str
    execution: Execution
    more_after_s: float = 0.1

    @property
    def worker_counts(self) -> tuple[int, ...]:
        return self.execution.counts(8)

    @property
    def needs(self) -> dict[str, float]:
        return {"CPU": 1}


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_as_many_begin_as_there_are_places_for_and_more_are_asked_for(connection):
    job = Asked("elastic", Execution(workers=4, min_workers=1))
    killed = placement_group([{"CPU": 1}] * 2, name="workers of elastic")  # before it gave it back
    assert killed.wait(60) and connection.cpus == 2
    assert count_now(job) == 2
    with leaving.heard(), asked_for_more(job, 1):
        until = time.monotonic() + 60
        while not leaving.is_asked():
            assert time.monotonic() < until
            time.sleep(0.05)
        assert leaving.why() == "goes on with more than 1 of 4 workers"
    larger = Asked("elastic", Execution(workers=8, min_workers=4))
    with leaving.heard(), asked_for_more(larger, 4):  # there are no places for four more
        time.sleep(0.5)
        assert not leaving.is_asked()
    with pytest.raises(ValueError):
        get_placement_group("workers of elastic")  # all are given back
    assert count_now(Asked("fixed", Execution(workers=4))) == 4  # Ray Train waits for them
