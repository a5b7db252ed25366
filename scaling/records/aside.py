"""How is a file written so that no reader sees half of it? Aside, then flushed and renamed."""

import contextlib
import fcntl
import os
import uuid
from pathlib import Path


def written_aside(path: Path, data: bytes) -> bool:
    """Whether ``data`` was written beside ``path`` and renamed to it; not where another process
    took the file for a dead writer's.
    """
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with open(aside, "xb") as file:
            with contextlib.suppress(OSError):  # a disk without locks: nobody sweeps there
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            try:
                os.replace(aside, path)
            except FileNotFoundError:
                if path.parent.is_dir():
                    return False
                raise
    finally:
        aside.unlink(missing_ok=True)
    return True
