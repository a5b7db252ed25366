"""Which workers of a cluster did somebody stop (SIGSTOP)? An actor on each node at work ends them.

A stopped process neither works nor ends, and Ray waits for it without end. Where Ray is this
machine's own, the sweep's process sees it (``supervisor.Driver``). A heartbeat tells it only of a
training or an evaluation at work: not before its first word, nor after its last, nor of the other
processes that a training of several workers needs.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psutil
import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from scaling.launch.supervise.processes import Stopped
from scaling.records.repeated import repeated

JOB = "RAY_JOB_ID"  # in the environment of a worker of that job
LOOK_S = 1.0
NODES_S = 5.0  # between two looks for nodes that are at work
END_S = 10.0


class OnNode:
    """An actor that ends, on its node, the workers of its own job that stay stopped."""

    def __init__(self, patience_s: float):
        job = ray.get_runtime_context().get_job_id()
        threading.Thread(
            target=watch, args=[os.getppid(), job, patience_s], daemon=True, name="stopped"
        ).start()


def watch(raylet: int, job: str, patience_s: float) -> None:
    """End the children of ``raylet`` that are of ``job`` and stopped for so long; without end."""
    stopped = Stopped(patience_s)
    while True:
        stopped.end(workers_of(raylet, job))
        time.sleep(LOOK_S)


def workers_of(raylet: int, job: str) -> list[psutil.Process]:
    """The processes that ``raylet`` started for ``job``, but this one."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):  # this process then ends, too
        for process in psutil.Process(raylet).children():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get(JOB) == job:
                    found.append(process)
    return found


def nodes_at_work() -> set[str]:
    """The nodes of the connected cluster where a task takes something, or where this job has an
    actor, which may take nothing, such as Ray Train's controller.
    """
    job = ray.JobID.from_hex(ray.get_runtime_context().get_job_id())
    actors = ray._private.state.actors(job_id=job, actor_state_name="ALIVE").values()
    theirs = {a["Address"]["NodeID"] for a in actors if a["ActorClassName"] != OnNode.__name__}
    nodes = ray.nodes()
    busy = at_work(nodes, ray._private.state.available_resources_per_node())
    return busy | (theirs & {node["NodeID"] for node in nodes if node["Alive"]})


def at_work(nodes: Iterable[dict], free: Mapping[str, Mapping[str, float]]) -> set[str]:
    """The living ``nodes``, as ``ray.nodes`` tells, some of whose resources are taken; by node,
    those that are ``free``. An actor on one that is idle would keep an autoscaler from ending it.
    """
    return {
        node["NodeID"]
        for node in nodes
        if node["Alive"]
        and any(
            free.get(node["NodeID"], {}).get(name, 0.0) < amount
            for name, amount in node["Resources"].items()
        )
    }


@contextlib.contextmanager
def ended(patience_s: float) -> Iterator[None]:
    """While entered, on each node of the connected cluster that is at work, workers of this job
    that are stopped for longer than ``patience_s`` seconds are ended; what they did counts as lost.
    """
    actors: dict[str, Any] = {}  # by node

    def look() -> None:
        there = nodes_at_work()
        for node in actors.keys() - there:
            ray.kill(actors.pop(node))
        for node in there - actors.keys():
            on_it = NodeAffinitySchedulingStrategy(node, soft=False)
            actor = ray.remote(OnNode).options(num_cpus=0, scheduling_strategy=on_it)
            actors[node] = actor.remote(patience_s)

    # Where the GCS does not answer the next look asks again; where it is gone, that takes a minute.
    with repeated(look, NODES_S, "stopped workers", (RayError, RuntimeError), END_S):
        yield
