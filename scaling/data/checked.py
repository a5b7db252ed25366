"""Which data was found sound before and is still as it was? A mark in the cache for files of these
lengths and times.

ImageNet's latents are 40 GB to read: a sweep that goes on after a kill does not read them again.
"""

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

from scaling.records.cache import cache_folder
from scaling.study.identity import identity


def check_once(check: Callable[[], None], folder: Path, files: Iterable[str], *asked) -> None:
    """Run ``check``, which raises where something is wrong, unless it passed before.

    It did where the ``files`` of ``folder`` have the same lengths and times of change, and
    ``asked``, whatever else decides (JSON values), is the same.
    """
    states = []
    for name in files:
        try:
            at = (folder / name).stat()
        except FileNotFoundError:  # for the check to tell
            return check()
        states.append([name, at.st_size, at.st_mtime_ns])
    mark = cache_folder("checked") / identity([str(folder.resolve()), states, *asked])
    if not mark.exists():
        check()
        # a cache that cannot be written to: checked again the next time
        with contextlib.suppress(OSError):
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
