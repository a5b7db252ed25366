"""Where do the processes of a cluster that is started here keep temporary files? In one folder, so
that nothing of them stays.

Ray ends its dashboard without letting it tidy up, and a killed driver tidies nothing: each would
leave a folder, such as ``pymp-*`` of Python's multiprocessing, for good.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from scaling.launch.environment import variables

PREFIX = "dit-scaling-ray-"
LOCK = "lock"


@contextlib.contextmanager
def scratch_folder(inside: str | None = None) -> Iterator[Path]:
    """A new folder for temporary files ``inside`` another (default: the usual one), removed in the
    end; those of killed processes are, too.
    """
    inside = inside or tempfile.gettempdir()
    os.makedirs(inside, mode=0o700, exist_ok=True)
    sweep_up(inside)
    folder, lock = _locked_folder(inside)
    with lock:  # the kernel releases it however this process ends
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _locked_folder(inside: str) -> tuple[Path, IO[str]]:
    """A new folder ``inside`` another, and its locked file, open."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=inside))
        with contextlib.suppress(FileNotFoundError):
            lock = open(folder / LOCK, "w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process, which found it unlocked, may have swept it up.
            if (folder / LOCK).exists():
                return folder, lock
            lock.close()


def sweep_up(inside: str) -> None:
    """Remove the folders ``inside`` another whose processes were killed."""
    for folder in Path(inside).glob(f"{PREFIX}*"):
        # In use by a living process, another user's, or just being made.
        with contextlib.suppress(OSError), open(folder / LOCK, "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def temporary_files_in(
    folder: Path, sessions: str | None = None
) -> contextlib.AbstractContextManager[None]:
    """While entered, processes that are started keep temporary files in ``folder``. Ray's own
    sessions, with their logs, go to ``sessions``; where it is None they stay where they would be.
    """
    usual = os.environ.get("TMPDIR") or tempfile.gettempdir()
    there = sessions or os.environ.get("RAY_TMPDIR") or usual
    return variables({"TMPDIR": str(folder), "RAY_TMPDIR": there})
