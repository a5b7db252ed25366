"""How much room does the disk have on which a file is to be written?"""

import errno
import os
import shutil
from pathlib import Path


def nearest(folder: Path) -> Path:
    """``folder``, or the nearest folder above it that exists. NotADirectoryError where a file
    stands in the way.
    """
    for place in (folder, *folder.absolute().parents):
        if place.exists() or place.is_symlink():
            if not place.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
            return place
    return Path("/")


def check_room(what: str, needed: int, out: Path, way: str) -> None:
    """ValueError if ``needed`` bytes do not fit on the disk of ``out``, which need not exist.

    ``what`` says what takes them, as "3 images take"; ``way`` what else to do.
    """
    free = shutil.disk_usage(nearest(out)).free
    if needed > free:
        raise ValueError(
            f"{what} {needed / 1e9:.2f} GB and {out} has {free / 1e9:.2f} GB free; {way}"
        )
