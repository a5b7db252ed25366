"""Which code and which libraries does this machine run, and do they differ from another's?"""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

import scaling
from scaling.records.provenance import versions

CODE = "dit-scaling"


@functools.cache
def installed() -> dict[str, str]:
    """By name the versions that decide what a training gives, our code's with its digest. Builds of
    a library for CPUs and for GPUs are of one version.
    """
    return {
        CODE: f"{scaling.__version__} (code {digest(Path(scaling.__file__).parent)})",
        **{name: version.partition("+")[0] for name, version in versions().items()},
    }


def digest(package: Path) -> str:
    """Of all its modules."""
    found = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        found.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def check_same(asked: Mapping[str, str]) -> None:
    """ValueError where this machine runs something else than ``asked``, which another has."""
    for name, version in asked.items():
        if (mine := installed().get(name)) != version:
            raise ValueError(
                f"has {name} {mine}, and the sweep's machine {version}; "
                "install the same on every node"
            )
