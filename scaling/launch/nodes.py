"""Does every node of a cluster run the same code, and reach the results, at a store or in a folder
that all share, with room for them?
"""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from scaling.launch.cluster import ANSWER_S, refusals
from scaling.launch.installed import check_same, installed
from scaling.launch.results_folder import elsewhere
from scaling.records.disk import check_room, nearest
from scaling.records.storage.following import check_store
from scaling.records.storage.places import here, is_url


def check_places(
    study: str,
    place: str,
    patience_s: float = ANSWER_S,
    asked: Mapping[str, str] | None = None,
    room: int = 0,
) -> None:
    """ValueError, one line, where a living node of the connected cluster runs other code or other
    versions than ``asked`` (default: this process's), cannot write at ``place``, a URL or a folder,
    has no ``room`` of so many bytes there, or does not see in the folder what this process writes
    there. One that is too busy to answer finds out for itself.
    """
    asked = installed() if asked is None else asked
    if is_url(place):
        _ask(study, patience_s, place, "", asked, room)
        return
    folder = nearest(Path(place))
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-", suffix=".tmp") as probe:
        _ask(study, patience_s, place, probe.name, asked, room)


def _ask(study: str, patience_s: float, *what: Any) -> None:
    tasks = {
        ray.remote(_check)
        .options(
            name=f"{study}: check node",
            num_cpus=0,
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        )
        .remote(*what): node["NodeManagerHostname"]
        for node in ray.nodes()
        if node["Alive"]
    }
    deadline = time.monotonic() + patience_s
    for task, node in tasks.items():
        try:
            with refusals():
                ray.get(task, timeout=max(0.0, deadline - time.monotonic()))
        except GetTimeoutError:
            ray.cancel(task)
        except ValueError as error:
            raise ValueError(f"node {node}: {error}") from None
        except RayTaskError as failure:  # its code is not this, or is not there
            why = str(failure).strip().splitlines()[-1]
            raise ValueError(
                f"node {node}: cannot run this code ({why}); install the same on every node"
            ) from None


def _check(place: str, probe: str, asked: Mapping[str, str], room: int) -> None:
    """Run in a worker process of each node."""
    check_same(asked)
    its = here(place)  # of a URL, this node's copy
    check_room("the checkpoints of one training take", room, its, elsewhere(its))
    if is_url(place):
        check_store(its)
    else:
        check_folder(probe, place)


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
