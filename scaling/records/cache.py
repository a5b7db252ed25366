"""Where do files lie that can be made again? In $DIT_SCALING_CACHE, or ~/.cache/dit-scaling, a
folder per kind.
"""

import os
from pathlib import Path

CACHE_VARIABLE = "DIT_SCALING_CACHE"


def cache_folder(kind: str) -> Path:
    """The folder of ``references``, ``samples``, ...; it may not exist yet."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/dit-scaling").expanduser() / kind


def made_folder(kind: str) -> Path:
    """``cache_folder``, which exists then. ValueError where it cannot be made or written to."""
    folder = cache_folder(kind)
    why: OSError | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error
    if why is not None or not os.access(folder, os.W_OK):
        raise ValueError(
            f"the cache {folder} cannot be written to "
            f"({why.strerror if why else 'no permission'}); set ${CACHE_VARIABLE} to a folder that "
            "can"
        )
    return folder
