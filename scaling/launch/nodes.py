"""Does every node of a cluster reach the results, at a store or in a folder that all share?"""

import os
import tempfile
from pathlib import Path

import ray
from ray.exceptions import GetTimeoutError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from scaling.launch.cluster import ANSWER_S, refusals
from scaling.records.disk import nearest
from scaling.records.storage.following import check_store
from scaling.records.storage.places import here, is_url


def check_places(study: str, place: str, patience_s: float = ANSWER_S) -> None:
    """ValueError, one line, where a living node of the connected cluster cannot write at ``place``,
    a URL or a folder, or does not see in the folder what this process writes there. One that is too
    busy to answer finds out for itself.
    """
    if is_url(place):
        _ask(study, "", place, patience_s)
        return
    folder = nearest(Path(place))
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-", suffix=".tmp") as probe:
        _ask(study, probe.name, place, patience_s)


def _ask(study: str, probe: str, place: str, patience_s: float) -> None:
    nodes = [node for node in ray.nodes() if node["Alive"]]
    tasks = [
        ray.remote(_check)
        .options(
            name=f"{study}: check storage",
            num_cpus=0,
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        )
        .remote(place, probe, node["NodeManagerHostname"])
        for node in nodes
    ]
    try:
        with refusals():
            ray.get(tasks, timeout=patience_s)
    except GetTimeoutError:
        for task in tasks:
            ray.cancel(task)


def _check(place: str, probe: str, node: str) -> None:
    """Run in a worker process of each node."""
    try:
        if is_url(place):
            check_store(here(place))
        else:
            check_folder(probe, place)
    except ValueError as error:
        raise ValueError(f"node {node}: {error}") from None


def check_folder(probe: str, place: str) -> None:
    """ValueError where this machine lacks the file ``probe``, which another wrote into the folder
    ``place`` or the nearest that there is, or cannot write beside it.
    """
    if not os.path.exists(probe):
        raise ValueError(
            f"does not see {os.path.dirname(probe)} as the sweep's machine does; give --results a "
            f"folder that every node shares under the same path, or a URL, not {place}"
        )
    try:
        with tempfile.TemporaryFile(dir=os.path.dirname(probe)) as own:
            own.write(b"0")
    except OSError as error:
        raise ValueError(f"cannot write to {place}: {error.strerror}") from None
