"""Are folders of images classes? A numbered series in parts is a set without classes. Refused is
what else lies in folders: images beside their masks, domains of a translation, a folder's copy.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from scaling.data.listing.names import NAMES, TRAIN, listed, one_form

PARTS = (100, 1000, 10_000)  # images of a series in a folder, as FFHQ and EDM have them
DIGITS = 4  # of such a folder's name at least; a class's number is shorter
PICTURES = frozenset("image images img imgs jpegimages photos pictures rgb inputs".split())
BESIDE = frozenset(
    "mask masks label labels annotation annotations segmentation segmentations trimaps gt "
    "ground_truth depth depths edges bboxes imagesets".split()
)
DOMAIN = re.compile(rf"({'|'.join(itertools.chain(*NAMES.values()))})[_-]?[a-z]")
COPY = re.compile(r"(.+?)( - copy|[ _-]copy)?( ?\d+| ?\(\d+\))?")


def check_are_classes(place: Path, of_class: Mapping[str, Sequence[str]]) -> None:
    """ValueError where the folders in ``place``, with the paths of their images, are none."""
    of_class = {name: paths for name, paths in of_class.items() if paths}
    names = list(of_class)
    lower = {name.lower() for name in names}
    if lower & PICTURES and lower & BESIDE and lower <= PICTURES | BESIDE:
        images = next(name for name in names if name.lower() in PICTURES)
        raise ValueError(
            f"the folders of {place} ({listed(names)}) are images and what is said of them, and no "
            f"classes; give {place / images}"
        )
    domains = [found and found[1] for found in map(DOMAIN.fullmatch, lower)]
    if len(names) > 1 and all(domains) and {*domains} & {*NAMES[TRAIN]}:
        raise ValueError(
            f"the folders of {place} ({listed(names)}) are splits of domains, as CycleGAN's, and "
            "no classes; make the domains subfolders of the splits, such as train/A and test/A"
        )
    if twin := _twins(names):
        raise ValueError(
            f"the folders {twin[0]!r} and {twin[1]!r} of {place} seem to be one class twice "
            f"({_why(*twin)}); merge them, move one away, or rename it"
        )


def is_series(of_class: Mapping[str, Sequence[str]]) -> bool:
    """Whether each folder's number says which images of one series are in it, as in FFHQ's folders
    and EDM's. ``of_class``: the paths of the images by folder.
    """
    if len(of_class) < 2 or not all(re.fullmatch(rf"\d{{{DIGITS},}}", name) for name in of_class):
        return False
    numbers = {name: [_number(path) for path in paths] for name, paths in of_class.items()}
    if any(f"{name}/" not in path for name, paths in of_class.items() for path in paths):
        return False  # a label of a table
    return any(
        all(
            n is not None and int(name) in (n // size, n // size * size)
            for name, images in numbers.items()
            for n in images
        )
        for size in PARTS
    )


def _number(path: str) -> int | None:
    """The last number in a file's name."""
    digits = re.findall(r"\d+", path.rpartition("/")[2].rpartition(".")[0])
    return int(digits[-1]) if digits else None


def _twins(names: Sequence[str]) -> tuple[str, str] | None:
    """Two names that look alike, or of which one is what a file manager calls a copy."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(one_form(name), name)
        if other != name:
            return other, name
    for name in names:
        found = COPY.fullmatch(name.lower())
        if found and found[1] in {other.lower() for other in names if other != name}:
            is_copy = found[2] or (found[3] and "(" in found[3])
            if is_copy:
                return next(other for other in names if other.lower() == found[1]), name
    return None


def _why(one: str, other: str) -> str:
    alike = one_form(one) == one_form(other)
    return "accents in two forms of Unicode" if alike else "as file managers call a copy"
