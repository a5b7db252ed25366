"""Which images are in zip archives? Class folders in a zip, and EDM's zips with a dataset.json.

A zip's directory tells where each member is, so that images are read in any order. EDM and EDM2
(github.com/NVlabs/edm2, dataset_tool.py) write one, with the label of each image in dataset.json.
"""

import functools
import json
import os
import sys
import zipfile
import zlib
from collections import Counter
from pathlib import Path

from scaling.data.listing.content import HEADER, SUFFIXES, told_by_content
from scaling.data.listing.labels import as_label
from scaling.data.listing.members import OLDER, Members
from scaling.data.listing.names import split_in, stem
from scaling.data.listing.splits import WITHIN, Labelled, Listing, Placed
from scaling.data.listing.unpacked import MOST_TIMES, MOST_TIMES_FROM
from scaling.data.listing.walk import litter, printable

LABELS = "dataset.json"
TEXTS = frozenset(".txt .csv .xml .md .html .npy .npz .mat .json".split())
MOST_OPEN = 64  # zips of a process that stay open
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)


def list_zips(folder: Path, zips: list[str], labels: Path | None = None) -> Listing:
    """The images in the ``zips`` of ``folder``.

    A class is what dataset.json in the zip says, else the first folder, else the zip itself; of
    held-out images that are in none, what ``labels`` say, a file as in ``list_images``. ValueError
    as ``list_folder``, and for a damaged or encrypted zip.
    """
    return _members(folder, zips).listing(folder, labels)


def find_in_zips(folder: Path, zips: list[str]) -> tuple[list[str], Counter]:
    """The paths of all images in the ``zips``, whatever their class, and what is left out."""
    members = _members(folder, zips)
    return members.paths(), members.left_out


def _members(folder: Path, zips: list[str]) -> Members:
    images: list[Labelled] = []
    placed: list[Placed] = []
    left_out = Counter()
    for archive in zips:
        path = folder / archive
        split, told = split_in(stem(archive)), _labels(path)
        opened = _opened(path)
        for info in opened.infolist():
            name = info.filename
            if info.is_dir():
                continue
            suffix = os.path.splitext(name)[1].lower()
            if opened.getinfo(name) is not info:  # unpacking would overwrite it
                left_out[OLDER] += 1
            elif any(map(litter, name.split("/"))):
                left_out["links and hidden names"] += 1
            elif suffix not in SUFFIXES and not (
                suffix not in TEXTS
                and told_by_content(read_member(path, name, min(info.file_size, HEADER)))
            ):
                left_out[suffix or "without suffix"] += name != LABELS
            elif told:
                images.append(Labelled(f"{archive}{WITHIN}{name}", split, told.get(name)))
            else:
                placed.append(Placed(archive, name, split))
    return Members(images, placed, +left_out)


def read_member(path: Path, name: str, most: int = sys.maxsize) -> bytes:
    """The bytes of the member ``name`` of the zip at ``path``, at ``most`` so many.

    ValueError if there is none, it is encrypted or damaged, or would unpack to far more than
    images do.
    """
    try:
        info = _opened(path).getinfo(name)
    except KeyError:
        raise ValueError(f"{path} has no member {printable(name)}; has it changed?") from None
    if min(info.file_size, most) > max(MOST_TIMES_FROM, MOST_TIMES * info.compress_size):
        raise ValueError(
            f"{printable(name)} of {path} has {info.compress_size / 1e6:.3g} MB and unpacks to "
            f"more than {MOST_TIMES} times that, as no image does; get it again"
        )
    try:
        with _opened(path).open(info) as file:
            return file.read(min(info.file_size, most))
    except DAMAGED as error:
        raise ValueError(
            f"{printable(name)} of {path} is damaged ({error}); get it again"
        ) from None
    except (RuntimeError, NotImplementedError) as error:  # a password, or a method of its own
        raise ValueError(
            f"{printable(name)} of {path} cannot be read ({error}); unpack the zip, and give its "
            "folder"
        ) from None


def _labels(path: Path) -> dict[str, str]:
    """By member, as dataset.json says; empty where there is none, or it has none."""
    if LABELS not in _opened(path).namelist():
        return {}
    try:
        said = json.loads(read_member(path, LABELS))
        rows = said["labels"] if isinstance(said, dict) else None
        pairs = {str(name): as_label(label) for name, label in rows or []}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{LABELS} of {path} has no pairs of an image and its label ({error}); EDM's "
            "dataset_tool.py writes them"
        ) from None
    return {name: label for name, label in pairs.items() if label is not None}


def _opened(path: Path) -> zipfile.ZipFile:
    at = path.stat()
    # a process of its own has its own place in the file
    return _open(str(path.resolve()), at.st_size, at.st_mtime_ns, os.getpid())


@functools.lru_cache(maxsize=MOST_OPEN)
def _open(path: str, size: int, changed: int, process: int) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{path} cannot be read as a zip ({error}); if it is cut off, get it again"
        ) from None
