"""Does every node of a cluster reach the store of the results?"""

import ray
from ray.exceptions import GetTimeoutError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from scaling.launch.cluster import ANSWER_S, refusals
from scaling.records.storage.following import check_store
from scaling.records.storage.places import here


def check_stores(study: str, url: str, patience_s: float = ANSWER_S) -> None:
    """ValueError, one line, where a living node of the connected cluster cannot write at ``url``.
    One that is too busy to answer finds out for itself.
    """
    nodes = [node for node in ray.nodes() if node["Alive"]]
    tasks = [
        ray.remote(_check)
        .options(
            name=f"{study}: check storage",
            num_cpus=0,
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        )
        .remote(url, node["NodeManagerHostname"])
        for node in nodes
    ]
    try:
        with refusals():
            ray.get(tasks, timeout=patience_s)
    except GetTimeoutError:
        for task in tasks:
            ray.cancel(task)


def _check(url: str, node: str) -> None:
    """Run in a worker process of each node."""
    try:
        check_store(here(url))
    except ValueError as error:
        raise ValueError(f"node {node}: {error}") from None
