"""Where do files lie that can be made again? In $DIT_SCALING_CACHE, or ~/.cache/dit-scaling, a
folder per kind.
"""

import os
from pathlib import Path

from scaling.study.libraries import expanded

CACHE_VARIABLE = "DIT_SCALING_CACHE"


def cache_folder(kind: str) -> Path:
    """The folder of ``references``, ``samples``, ...; it may not exist yet.

    ValueError where nobody says where the home folder is.
    """
    try:
        return expanded(os.environ.get(CACHE_VARIABLE) or "~/.cache/dit-scaling") / kind
    except ValueError as error:
        raise ValueError(f"the cache {error}, and set ${CACHE_VARIABLE} to it") from None


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
