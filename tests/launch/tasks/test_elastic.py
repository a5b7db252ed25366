"""Is it known how many workers there are places for, whoever is on them?"""

import pytest

from scaling.launch.tasks.elastic import places


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
