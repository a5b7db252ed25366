"""Which labelled images are at a path, in folders, tars or tables, and what are their bytes?"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scaling.data.listing.folders import list_folder
from scaling.data.listing.splits import WITHIN, Listing
from scaling.data.listing.walk import find, find_images, printable

__all__ = ["Listing", "file_of", "list_images", "read_bytes"]


class Archive(NamedTuple):
    """How archives of a kind are listed, and an image in one is read: by archive and place."""

    list: Callable[[Path, list[str]], Listing]
    read: Callable[[Path, str, int], bytes]  # at most so many bytes, where that saves reading


def _list_tars(folder: Path, names: list[str]) -> Listing:
    from scaling.data.listing.tars import list_tars

    return list_tars(folder, names)


def _read_tar(path: Path, name: str, most: int) -> bytes:
    from scaling.data.listing.tars import read_member

    return read_member(path, name, most)


def _list_tables(folder: Path, names: list[str]) -> Listing:
    from scaling.data.listing.tables import list_tables

    return list_tables(folder, names)


def _read_table(path: Path, row: str, most: int) -> bytes:
    from scaling.data.listing.tables import read_row

    return read_row(path, row)


ARCHIVES = {
    ".tar": Archive(_list_tars, _read_tar),
    ".parquet": Archive(_list_tables, _read_table),
    ".arrow": Archive(_list_tables, _read_table),
}


def list_images(place: Path) -> Listing:
    """The images at ``place`` by split and class: a folder of them, or of archives, or an archive.

    ValueError for what is missing or leaves a class or a split in doubt, with the way on.
    """
    if place.is_file():
        if place.suffix not in ARCHIVES:
            raise ValueError(
                f"{place} is neither a folder of images nor an archive ({', '.join(ARCHIVES)})"
            )
        return ARCHIVES[place.suffix].list(place.parent, [place.name])
    if not place.is_dir():
        raise ValueError(
            f"no image folder at {place}: put a subfolder per class there, or set data.path or "
            "--images"
        )
    found = find_images(place)
    kinds = [suffix for suffix in ARCHIVES if found.left_out[suffix]]
    if found.paths or not kinds:
        return list_folder(found)
    if len(kinds) > 1:
        raise ValueError(
            f"{place} holds archives of several kinds ({', '.join(kinds)}); give a folder of one"
        )
    archives = find(place, lambda suffix, _: suffix == kinds[0])
    return ARCHIVES[kinds[0]].list(place, archives.paths)


def _parts(path: str) -> tuple[str, str]:
    """The archive and the place in it; ("", path) for a file of its own."""
    archive, within, inside = path.partition(WITHIN)
    return (archive, inside) if within and os.path.splitext(archive)[1] in ARCHIVES else ("", path)


def file_of(path: str) -> str:
    """The file that holds the image ``path``: that itself, or the archive it is in."""
    return _parts(path)[0] or path


def read_bytes(folder: Path, path: str, most: int = sys.maxsize) -> bytes:
    """The encoded image ``path`` of a listing's ``folder``; at ``most`` so many bytes of one in a
    tar.

    ValueError names a file that cannot be read.
    """
    archive, inside = _parts(path)
    try:
        if archive:
            return ARCHIVES[os.path.splitext(archive)[1]].read(folder / archive, inside, most)
        return (folder / path).read_bytes()
    except OSError as error:
        raise ValueError(
            f"{printable(str(folder / path))} cannot be read ({error.strerror})"
        ) from None
