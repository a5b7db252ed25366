"""Is a piece of work lost, may it begin again, and how does a process end that hangs?"""

import contextlib
import os
import re
import signal
import socket
import time
from pathlib import Path

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from scaling.launch.supervise.limits import LOSSES
from scaling.records.storage.folders import names_in
from scaling.study.execution import Execution


class LostWorkers(RuntimeError):
    """Of a training's several workers one is gone, or hangs: no code of theirs failed."""


def is_loss(failure: RayError) -> bool:
    """Whether a process or its node went away. An error that a task raised would come again."""
    if isinstance(failure, RayTaskError):
        return isinstance(failure.cause, LostWorkers)
    return True


def why_of(failure: RayError) -> str:
    """In one line; without the traceback of a process that tells of its workers."""
    told = failure.cause if isinstance(failure, RayTaskError) else failure
    return str(told if isinstance(told, LostWorkers) else failure).strip().splitlines()[-1]


class Attempts:
    """How often a training or an evaluation was begun in vain, and whether its heart beats."""

    def __init__(self):
        self.hung: str | None = None  # why its process was ended
        self._lost, self._reached = 0, -1
        self._heartbeat: float | None = None
        self._changed = 0.0

    def may_go_on(self, reached: int) -> bool:
        """Note a loss at the step ``reached``, from which the next attempt begins.

        False after LOSSES of them at the same step: who gets on may be lost any number of times.
        """
        if reached > self._reached:
            self._lost, self._reached = 0, reached
        self._lost += 1
        return self._lost <= LOSSES

    def silent_s(self, heartbeat: float) -> float:
        """Seconds since the heartbeat last changed, by this process's own clock."""
        if heartbeat != self._heartbeat:
            self._heartbeat, self._changed = heartbeat, time.monotonic()
        return time.monotonic() - self._changed


def newest_step(checkpoints: Path) -> int:
    """The step of the newest checkpoint in the folder, whether sound or not; 0 without one."""
    steps = (re.fullmatch(r"step-(\d+)", name) for name in names_in(checkpoints))
    return max((int(match[1]) for match in steps if match), default=0)


def smaller(execution: Execution, batch: int) -> Execution:
    """With half as many images at once, of a ``batch`` over all workers; at least one."""
    now = execution.micro_batch or -(-batch // execution.workers)
    return execution.model_copy(update={"micro_batch": max(1, (now + 1) // 2)})


def end_process(pid: int, host: str, number: int = signal.SIGKILL) -> None:
    """Kill a process on any node of the connected cluster, or send it another signal; without
    waiting for it.
    """
    if host == socket.gethostname():
        kill(pid, number)
        return
    for node in ray.nodes():
        if node["Alive"] and node["NodeManagerHostname"] == host:
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            ray.remote(kill).options(num_cpus=0, scheduling_strategy=there).remote(pid, number)


def kill(pid: int, number: int) -> None:
    """Send it the signal; to a process that is gone, none."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
