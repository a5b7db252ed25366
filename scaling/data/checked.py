"""Which data has been checked before and has not changed since?

ImageNet's latents are 40 GB to read, so a sweep that continues after a kill does not check them
again. A mark in the cache stands for files of these lengths and times of change.
"""

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

from scaling.records.cache import cache_folder
from scaling.records.files import write_bytes
from scaling.study.specs.identity import identity


def check_once(check: Callable[[], str | None], folder: Path, files: Iterable[str], *asked) -> str:
    """Run ``check``, which raises if something is wrong, unless it has passed before; returns what
    it said, then or now.

    It counts as passed if the ``files`` of ``folder`` have the same lengths and times of change as
    then, and ``asked``, everything else that matters (JSON values), is the same.
    """
    states = []
    for name in files:
        try:
            at = (folder / name).stat()
        except FileNotFoundError:  # the check reports it
            return check() or ""
        states.append([name, at.st_size, at.st_mtime_ns])
    mark = cache_folder("checked") / identity([str(folder.resolve()), states, *asked])
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return mark.read_text()
    said = check() or ""
    # if the cache cannot be written to, the data is checked again next time
    with contextlib.suppress(OSError):
        write_bytes(mark, said.encode())
    return said
