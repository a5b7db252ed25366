"""Which code measured this, and on what machine? Versions, commit, device and threads."""

import functools
import importlib.metadata
import platform
import subprocess
from pathlib import Path

import scaling
from scaling.study.cores import usable_cores

LIBRARIES = ("torch", "ray", "numpy", "fvcore", "torch-fidelity", "scikit-learn", "safetensors")


@functools.cache
def code_version() -> str:
    """The package's version and, in a git checkout, its commit; ``+changes`` where tracked files
    differ from it.
    """
    here = Path(scaling.__file__).parent
    git = ["git", "-C", str(here)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, timeout=10
        )
        changes = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no", "--", str(here)],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return scaling.__version__
    if commit.returncode:
        return scaling.__version__
    return f"{scaling.__version__}+{commit.stdout.strip()}" + (
        "+changes" if changes.stdout.strip() else ""
    )


@functools.cache
def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that decide what a training gives."""
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def provenance(device: str, threads: int) -> dict:
    """What a record says of the process that measured it.

    ``device`` is a name such as "cpu" or "NVIDIA H100".
    """
    return {
        "code": code_version(),
        "versions": versions(),
        "device": device,
        "cpu": _cpu(),
        "threads": threads,
        "platform": platform.platform(),
        "cpus": usable_cores(),
    }


@functools.cache
def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )
