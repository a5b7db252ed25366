"""How many cores may this process use? Fewer than the machine has, under taskset, in a container or
in a job of Slurm.
"""

import os
from collections.abc import Mapping
from pathlib import Path

# Slurm may leave the limit to the job's good manners: the first of these that is set.
SLURM = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")


def usable_cores() -> int:
    """The least of what the machine has, affinity (taskset), cgroup and Slurm allow; 1 or more.

    Part of a core is not counted, as a thread that gets part of one holds up the others.
    """
    bounds = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):
        bounds.append(len(os.sched_getaffinity(0)))
    for bound in (cgroup_cores(), slurm_cores(os.environ)):
        if bound is not None:
            bounds.append(int(bound))
    return max(1, min(bounds))


def slurm_cores(environment: Mapping[str, str]) -> int | None:
    """None outside a job of Slurm."""
    said = (environment.get(name, "") for name in SLURM)
    return next((int(text) for text in said if text.isdigit()), None)


def cgroup_cores(root: Path = Path("/")) -> float | None:
    """The cores that the quotas of this process's control groups allow, of version 1 or 2; None
    without a quota. ``root`` holds proc/ and sys/.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    bounds = []
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if not kinds:
            top, quota_of = root / "sys/fs/cgroup", _version_2
        elif "cpu" in kinds.split(","):
            top, quota_of = root / "sys/fs/cgroup/cpu", _version_1
        else:
            continue
        # A group is bound by those above it. In a container the path may be that of the host, and
        # the container's own group is at the top.
        group = top / path.lstrip("/")
        while True:
            if (cores := quota_of(group)) is not None:
                bounds.append(cores)
            if group == top:
                break
            group = group.parent
    return min(bounds, default=None)


def _version_2(group: Path) -> float | None:
    try:
        quota, period = (group / "cpu.max").read_text().split()
    except OSError:
        return None
    return None if quota == "max" else int(quota) / int(period)


def _version_1(group: Path) -> float | None:
    try:
        quota, period = (
            int((group / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period")
        )
    except OSError:
        return None
    return quota / period if quota > 0 else None
