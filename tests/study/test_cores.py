"""Are cores counted that this process may use, and no others?"""

import os
import subprocess
import sys

import pytest

from scaling.study import cores
from scaling.study.cores import cgroup_cores, slurm_cores, usable_cores


def groups(root, lines: str, files: dict[str, str]):
    for name, text in {"proc/self/cgroup": lines, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    "lines, files, expected",
    [
        ("0::/a/b\n", {"sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"}, 1.5),
        (  # the group above allows less
            "0::/a/b\n",
            {
                "sys/fs/cgroup/a/b/cpu.max": "400000 100000",
                "sys/fs/cgroup/a/cpu.max": "200000 100000",
            },
            2.0,
        ),
        ("0::/a\n", {"sys/fs/cgroup/a/cpu.max": "max 100000\n"}, None),
        # a container that sees its own group at the top, under the path of the host
        ("0::/docker/1f\n", {"sys/fs/cgroup/cpu.max": "300000 100000\n"}, 3.0),
        (
            "4:memory:/x\n2:cpu,cpuacct:/x\n",
            {
                "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "250000\n",
                "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "50000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "50000\n",
            },
            5.0,
        ),
        ("", {}, None),
    ],
)
def test_quotas_of_control_groups(lines, files, expected, tmp_path):
    assert cgroup_cores(groups(tmp_path, lines, files)) == expected


def test_no_control_groups(tmp_path):
    assert cgroup_cores(tmp_path) is None


@pytest.mark.parametrize(
    "environment, expected",
    [
        ({}, None),
        ({"SLURM_CPUS_PER_TASK": "6", "SLURM_CPUS_ON_NODE": "64"}, 6),
        ({"SLURM_CPUS_ON_NODE": "12"}, 12),
        ({"SLURM_CPUS_PER_TASK": ""}, None),
    ],
)
def test_what_slurm_gave(environment, expected):
    assert slurm_cores(environment) == expected


def test_the_least_bound_holds_and_part_of_a_core_is_one(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(32)), raising=False)
    monkeypatch.setattr(cores, "cgroup_cores", lambda: 6.9)
    monkeypatch.setattr(cores, "slurm_cores", lambda environment: 16)
    assert usable_cores() == 6
    monkeypatch.setattr(cores, "cgroup_cores", lambda: 0.5)
    assert usable_cores() == 1


def test_a_process_that_is_kept_to_one_core_uses_one():
    code = (
        "import os; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1]); "
        "from scaling.study.cores import usable_cores; print(usable_cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
