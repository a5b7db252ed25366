"""Where do files lie that can be made again? In $DIT_SCALING_CACHE, or ~/.cache/dit-scaling, a
folder per kind.
"""

import os
from pathlib import Path

CACHE_VARIABLE = "DIT_SCALING_CACHE"


def cache_folder(kind: str) -> Path:
    """The folder of ``references``, ``samples``, ...; it may not exist yet."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/dit-scaling").expanduser() / kind
