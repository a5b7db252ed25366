"""Which of a folder's images are trained on, and which are held out? The names of splits, and a
split where there is none.
"""

import itertools
import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scaling.data.listing.names import (
    HELDOUT,
    NAMES,
    TEST,
    TRAIN,
    as_number,
    one_form,
    split_of,
    splits_of,
    stem,
)
from scaling.data.listing.no_classes import check_are_classes, is_series
from scaling.data.listing.walk import counted, printable, told

WITHOUT = "; without classes"
WITHIN = "::"  # between an archive's path and what is in it
ONE_IN, AT_MOST = 20, 10  # how many images of each class are held out
AT_MOST_WITHOUT = 10_000  # of a set without classes, about as many as of ImageNet's
Rows = list[tuple[str, int]]  # path and label


class Listing(NamedTuple):
    """Images by split: paths relative to ``folder``, and labels.

    ``classes`` is in order of label; a set without classes has none, and each label is 0. ``told``
    counts what was found and left out, in a line.
    """

    folder: Path
    classes: list[str]
    splits: dict[str, Rows]  # train, heldout
    told: str


def chosen_splits(names: list[str], place: Path) -> tuple[str | None, str | None]:
    """Which of ``names`` is the training split, and which the held-out one, or None.

    ValueError where two have the same right to it.
    """
    kinds: dict[str, list[str]] = {kind: [] for kind in NAMES}
    for name, kind in splits_of(names).items():
        if kind:
            kinds[kind].append(name)
    for kind, same in kinds.items():
        if len(same) > 1:
            raise ValueError(
                f"{place} has {len(same)} {kind} splits, {' and '.join(map(printable, same))}; "
                "move all but one away"
            )
    held = kinds[HELDOUT] or kinds[TEST]
    return next(iter(kinds[TRAIN]), None), next(iter(held), None)


def held_out(rows: Rows, place: Path, at_most: int = AT_MOST) -> dict[str, Rows]:
    """``rows``, by class, as two splits: of each class one image in ONE_IN is held out, at least 1
    and at most so many.

    ValueError if no class has a second image.
    """
    splits: dict[str, Rows] = {TRAIN: [], HELDOUT: []}
    for _, group in itertools.groupby(rows, key=lambda row: row[1]):
        of_class = list(group)
        count = min(at_most, -(-len(of_class) // ONE_IN)) if len(of_class) > 1 else 0
        out = set(np.linspace(0, len(of_class) - 1, count).round().astype(int).tolist())
        for i, row in enumerate(of_class):
            splits[HELDOUT if i in out else TRAIN].append(row)
    if not splits[HELDOUT]:
        each = "each class of " if len(rows) > 1 else ""
        raise ValueError(f"{each}{place} has one image only, so none can be held out; add images")
    return splits


class Labelled(NamedTuple):
    """An image of an archive: its path, and its split and class as far as they are known."""

    path: str
    split: str | None
    name: str | None


class Placed(NamedTuple):
    """An image of an archive whose class its place tells; ``split`` is that of the archive."""

    archive: str
    name: str
    split: str | None

    @property
    def path(self) -> str:
        return f"{self.archive}{WITHIN}{self.name}"

    @property
    def folders(self) -> list[str]:
        """The folders and inner archives that it is in, from the outermost; of any system."""
        *folders, _ = filter(None, re.split(rf"[/\\]|{WITHIN}", self.name))
        return list(map(stem, folders))


def by_places(images: list[Placed]) -> list[Labelled]:
    """The class of each is the folder or inner archive that it is in, else the archive.

    A folder of the set's own name that all are in, above those of classes or splits, tells none.
    """
    above = _above(images)
    return [_by_place(image, above) for image in images]


def _above(images: list[Placed]) -> int:
    """How many folders all images are in, above two or more or those of splits."""
    inside = [image.folders for image in images]
    for depth in range(min(map(len, inside), default=0)):
        there = {folders[depth] for folders in inside}
        if len(there) > 1 or any(map(split_of, there)):
            return depth
    return 0


def _by_place(image: Placed, above: int) -> Labelled:
    split, folders = image.split, image.folders[above:]
    inner = split_of(folders[0]) if folders else None
    if inner and split in (None, inner):
        split, folders = inner, folders[1:]
    called = stem(os.path.basename(image.archive))
    # a shard's number is no class, nor is the set's own name
    own = None if split or above or re.fullmatch(r"(.*[-_])?\d+", called) else called
    return Labelled(image.path, split, next(iter(folders), own))


def grouped(images: list[Labelled], place: Path, names: list[str], left_out: Counter) -> Listing:
    """The images of archives in the folder ``place``, by split and class.

    ``names`` are the classes where something tells them, in order of label; else they are those of
    the training images, numbers in the order of their values. Where nothing tells two, it is a set
    without classes. ValueError as ``list_folder``.
    """
    kinds = {image.split for image in images}
    train = TRAIN if TRAIN in kinds else None
    held = next((kind for kind in (HELDOUT, TEST) if kind in kinds and train), None)
    if train is None and kinds - {None}:
        raise ValueError(
            f"the archives of {place} are {' and '.join(sorted(filter(None, kinds)))} splits, none "
            "of which is train; add that of the images to train on"
        )
    if not images:
        left = f" (left out: {counted(left_out)})" if left_out else ""
        raise ValueError(f"the archives of {place} hold no image{left}; give those that do")
    wanted = {TRAIN: train, HELDOUT: held} if held else {TRAIN: train}
    parts = {role: [i for i in images if i.split == kind] for role, kind in wanted.items()}
    if (whole := _without_classes(parts, names)) is not None:
        return _listing_of_one(place, images, whole, left_out)
    for role, part in parts.items():
        if nameless := [image for image in part if image.name is None]:
            raise ValueError(
                f"{len(nameless)} of {len(part)} {role} images of {place} are in no class, such "
                f"as {printable(nameless[0].path)}: a class is a folder in the archive, an archive "
                "of its own, a .cls or .json file beside the image (WebDataset), a label in "
                "dataset.json (EDM), or a column label; "
                "give a set with classes"
                + (", a file that tells them (--heldout-labels)" if role == HELDOUT else "")
                + (f", or move the {held} archives away" if role == HELDOUT else "")
            )
    names = names or sorted({str(image.name) for image in parts[TRAIN]}, key=as_number)
    labels = {one_form(name): label for label, name in enumerate(names)}
    check_are_classes(place, _of_class(parts[TRAIN]))
    every = {str(image.name) for part in parts.values() for image in part}
    if unknown := sorted(name for name in every if one_form(name) not in labels):
        raise ValueError(
            f"the {held} images of {place} have classes that train lacks, such as "
            f"{printable(unknown[0])!r}; give sets of the same classes"
        )
    splits = {
        role: [(i.path, labels[one_form(str(i.name))]) for i in p] for role, p in parts.items()
    }
    if not held:
        place_of = {path: i for i, (path, _) in enumerate(splits[TRAIN])}
        by_class = held_out(sorted(splits[TRAIN], key=lambda row: row[1]), place)
        # in the archives' own order again, in which they are quick to read
        splits = {
            role: sorted(rows, key=lambda row: place_of[row[0]]) for role, rows in by_class.items()
        }
    used = sum(map(len, splits.values()))
    left_out = left_out + Counter({"images of other splits": len(images) - used})
    return Listing(place, [*map(printable, names)], splits, told(used, left_out))


def _of_class(images: list[Labelled]) -> dict[str, list[str]]:
    of_class: dict[str, list[str]] = {}
    for image in images:
        of_class.setdefault(str(image.name), []).append(image.path)
    return of_class


def _without_classes(
    parts: dict[str, list[Labelled]], names: list[str]
) -> dict[str, list[str]] | None:
    """The paths of each split, where nothing tells two classes; None where something does."""
    every = {image.name for part in parts.values() for image in part}
    # one name beside images without any would be a class that some of them lack
    one = len(every) == 1 and len(names) < 2
    if not one and not (None not in every and is_series(_of_class(parts[TRAIN]))):
        return None
    return {role: [image.path for image in part] for role, part in parts.items()}


def _listing_of_one(
    place: Path, images: list[Labelled], whole: dict[str, list[str]], left_out: Counter
) -> Listing:
    rows = {role: [(path, 0) for path in paths] for role, paths in whole.items()}
    splits = rows if HELDOUT in rows else held_out(rows[TRAIN], place, AT_MOST_WITHOUT)
    used = sum(map(len, splits.values()))
    left_out = left_out + Counter({"images of other splits": len(images) - used})
    return Listing(place, [], splits, told(used, left_out) + WITHOUT)
