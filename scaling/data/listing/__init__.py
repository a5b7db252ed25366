"""Which images are at a path, in folders, archives or tables, and what are their bytes?"""

import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scaling.data.listing.content import NOT_UNPACKED
from scaling.data.listing.folders import list_folder
from scaling.data.listing.label_files import METADATA_TABLE
from scaling.data.listing.labels import LABELS_SAID, is_devkit
from scaling.data.listing.names import TARS, ZIPS, stem
from scaling.data.listing.splits import WITHIN, Listing
from scaling.data.listing.walk import Found, counted, find, find_images, printable, told

__all__ = [
    "AllImages",
    "Listing",
    "all_images",
    "archive_kind",
    "file_of",
    "list_images",
    "read_bytes",
]


class Archive(NamedTuple):
    """How archives of a kind are looked through and listed, and an image in one is read: by archive
    and place.
    """

    endings: tuple[str, ...]  # of their names
    find: Callable[[Path, list[str]], tuple[list[str], Counter]]  # whatever their class
    list: Callable[[Path, list[str], Path | None], Listing]
    read: Callable[[Path, str, int], bytes]  # at most so many bytes, where that saves reading


def _list_tars(folder: Path, names: list[str], labels: Path | None) -> Listing:
    from scaling.data.listing.tars import list_tars

    return list_tars(folder, names, labels)


def _find_in_tars(folder: Path, names: list[str]) -> tuple[list[str], Counter]:
    from scaling.data.listing.tars import find_in_tars

    return find_in_tars(folder, names)


def _read_tar(path: Path, name: str, most: int) -> bytes:
    from scaling.data.listing.tars import read_member

    return read_member(path, name, most)


def _list_zips(folder: Path, names: list[str], labels: Path | None) -> Listing:
    from scaling.data.listing.zips import list_zips

    return list_zips(folder, names, labels)


def _find_in_zips(folder: Path, names: list[str]) -> tuple[list[str], Counter]:
    from scaling.data.listing.zips import find_in_zips

    return find_in_zips(folder, names)


def _read_zip(path: Path, name: str, most: int) -> bytes:
    from scaling.data.listing.zips import read_member

    return read_member(path, name, most)


def _list_tables(folder: Path, names: list[str], labels: Path | None) -> Listing:
    from scaling.data.listing.tables import list_tables

    if labels is not None:
        raise ValueError(f"{LABELS_SAID} {labels}: tables have a column of labels; leave it out")
    return list_tables(folder, names)


def _find_in_tables(folder: Path, names: list[str]) -> tuple[list[str], Counter]:
    from scaling.data.listing.tables import find_in_tables

    return find_in_tables(folder, names)


def _read_table(path: Path, row: str, most: int) -> bytes:
    from scaling.data.listing.tables import read_row

    return read_row(path, row)


ARCHIVES = {
    "tar": Archive(TARS, _find_in_tars, _list_tars, _read_tar),
    "zip": Archive(ZIPS, _find_in_zips, _list_zips, _read_zip),
    "parquet": Archive((".parquet",), _find_in_tables, _list_tables, _read_table),
    "arrow": Archive((".arrow",), _find_in_tables, _list_tables, _read_table),
}


def archive_kind(path: str) -> str | None:
    """The kind of archive that a file of this name is, or None."""
    return next((k for k, a in ARCHIVES.items() if path.lower().endswith(a.endings)), None)


def list_images(place: Path, labels: Path | None = None) -> Listing:
    """The images at ``place`` by split and class: a folder of them, or of archives, or an archive.

    ``labels`` is a file, or ImageNet's devkit, that tells the classes of held-out images; without
    it, it is looked for beside them. ValueError for what is missing or leaves a class or a split in
    doubt, with the way on.
    """
    if labels is not None and not labels.exists():
        raise ValueError(f"{LABELS_SAID} {labels}: there is no such file")
    if place.is_file():
        kind = archive_kind(place.name)
        if kind is None:
            endings = [ending for archive in ARCHIVES.values() for ending in archive.endings]
            what = NOT_UNPACKED.get(place.suffix.lower())
            raise ValueError(
                f"{place} is neither a folder of images nor an archive ({', '.join(endings)}); "
                + (
                    f"it is {what}: write its images as files, in a folder per class"
                    if what
                    else "unpack it, or give its folder"
                )
            )
        return ARCHIVES[kind].list(place.parent, [place.name], labels)
    if not place.is_dir():
        raise ValueError(
            f"no image folder at {place}: put a subfolder per class there, or set data.path or "
            "--images"
        )
    found = find_images(place)
    # A picture beside archives is of their page, rather than of the set.
    if any("/" in path for path in found.paths):
        return list_folder(found, labels)
    archives, kind = _archives(place, bool(found.paths))
    if kind is None:
        return list_folder(found, labels)
    listing = ARCHIVES[kind].list(place, archives.paths, labels)
    return listing._replace(told=listing.told + _beside(archives))


class AllImages(NamedTuple):
    """All images at a place, whatever their class: paths relative to ``folder``, in order."""

    folder: Path
    paths: list[str]
    left_out: Counter
    beside: str = ""  # in words, what else is in a folder of archives

    @property
    def told(self) -> str:
        return told(len(self.paths), self.left_out) + self.beside


def all_images(place: Path) -> AllImages:
    """All images at ``place``: an archive, a folder of images or, without any, one of archives.

    ValueError for what is missing or cannot be read; none may be there.
    """
    if place.is_file() and (kind := archive_kind(place.name)) is not None:
        return AllImages(place.parent, *ARCHIVES[kind].find(place.parent, [place.name]))
    found = find_images(place)
    if found.paths:
        return AllImages(place, found.paths, found.left_out)
    archives, kind = _archives(place)
    if kind is None:
        return AllImages(place, [], found.left_out)
    return AllImages(place, *ARCHIVES[kind].find(place, archives.paths), _beside(archives))


def _archives(place: Path, has_images: bool = False) -> tuple[Found, str | None]:
    """The archives below a folder and their kind, None where there are none. Beside images a table
    that holds what is said of them is none.

    ValueError for those of several kinds, and for one that lies there twice.
    """
    archives = find(
        place,
        lambda path, _: (
            archive_kind(path) is not None
            and not is_devkit(path)
            and not (has_images and os.path.basename(path) == METADATA_TABLE)
        ),
    )
    _check_once(archives)
    kinds = sorted({str(archive_kind(path)) for path in archives.paths})
    if len(kinds) > 1:
        raise ValueError(
            f"{place} holds archives of several kinds ({', '.join(kinds)}); give a folder of one"
        )
    return archives, next(iter(kinds), None)


def _beside(archives: Found) -> str:
    beside = counted(archives.left_out)
    return f"; beside the archives: {beside}" * bool(beside)


def _check_once(archives: Found) -> None:
    """Refuse an archive that lies there packed and unpacked, whose images would count twice."""
    first: dict[str, str] = {}
    for path in archives.paths:
        other = first.setdefault(stem(path), path)
        if other != path and archive_kind(path) == archive_kind(other):
            raise ValueError(
                f"{printable(other)} and {printable(path)} in {archives.folder} seem to be one "
                "archive twice; move one away"
            )


def _parts(path: str) -> tuple[str, str]:
    """The archive and the place in it; ("", path) for a file of its own."""
    archive, within, inside = path.partition(WITHIN)
    return (archive, inside) if within and archive_kind(archive) else ("", path)


def file_of(path: str) -> str:
    """The file that holds the image ``path``: that itself, or the archive it is in."""
    return _parts(path)[0] or path


def read_bytes(folder: Path, path: str, most: int = sys.maxsize) -> bytes:
    """The encoded image ``path`` of a listing's ``folder``; at ``most`` so many bytes of one in an
    archive.

    ValueError names a file that cannot be read.
    """
    archive, inside = _parts(path)
    try:
        if archive:
            return ARCHIVES[str(archive_kind(archive))].read(folder / archive, inside, most)
        return (folder / path).read_bytes()
    except OSError as error:
        raise ValueError(
            f"{printable(str(folder / path))} cannot be read ({error.strerror})"
        ) from None
