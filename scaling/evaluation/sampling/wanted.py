"""Which images does ``scaling sample`` make: how many, of which classes, in which kind of file?"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scaling.evaluation.sampling.load import Loaded
from scaling.records.disk import check_room

PICTURE = ".png"
MANY = (".npy", ".npz", "")  # "": a folder of PNGs
SUFFIX = re.compile(r"\.[A-Za-z]\w*")  # what is a suffix, rather than the end of run-0.95
NO_CLASS = "none"  # in place of a class's number
IN_A_ROW = 8
MOST_SHOWN, MOST = 10_000, 10_000_000  # images in a picture, and in all


@dataclass(frozen=True)
class Wanted:
    """What is asked for. Image i is of ``classes[i % len(classes)]``, or of a random class."""

    count: int
    classes: tuple[int, ...] | None = None  # of the images in turn; null: drawn at random
    in_a_row: int | None = None  # a picture with so many columns, and a row for each class

    def label(self, i: int) -> int:
        assert self.classes is not None
        return self.classes[i // self.in_a_row if self.in_a_row else i % len(self.classes)]

    @property
    def labels(self) -> Sequence[int] | None:
        """The class of each image, made as it is asked for."""
        return None if self.classes is None else Labels(self)


class Labels(Sequence):
    """The class of each image, made as it is asked for."""

    def __init__(self, wanted: Wanted):
        self.wanted = wanted

    def __len__(self) -> int:
        return self.wanted.count

    def __getitem__(self, i):
        if not 0 <= i < len(self):
            raise IndexError(i)
        return self.wanted.label(i)


def suffix_of(out: Path) -> str:
    """How ``out`` is written: PICTURE or one of MANY. ValueError for a suffix that none writes."""
    suffix = out.suffix.lower() if SUFFIX.fullmatch(out.suffix) else ""
    if suffix != PICTURE and suffix not in MANY:
        raise ValueError(
            f"--out {out}: nothing writes {suffix}; a picture is a .png, many images are a folder, "
            ".npy or .npz"
        )
    return suffix


def check_request(
    out: Path, classes: Sequence[str], per_class: int | None, count: int | None, balanced: bool
) -> None:
    """Refuse what contradicts itself, before any weights are read. ValueError names the options."""
    picture = suffix_of(out) == PICTURE
    for option, number in (("--count", count), ("--per-class", per_class)):
        if number is not None and not 1 <= number <= MOST:
            raise ValueError(f"{option} {number}: from 1 to {MOST} images can be asked for")
    for name in classes:
        if name != NO_CLASS and not re.fullmatch(r"[0-9]{1,9}", name):
            raise ValueError(
                f"--classes takes numbers, as --classes 3 5, or {NO_CLASS}; got {' '.join(classes)}"
            )
    if picture and (count is not None or balanced):
        option = "--balanced" if balanced else "--count"
        raise ValueError(
            f"{out} is a picture with a row for each class: say --classes, as --classes 3 5, "
            f"without {option}; for many images give a folder, .npy or .npz"
        )
    if count is not None and per_class is not None:
        raise ValueError("say --count, of all classes together, or --per-class, not both")
    if balanced and (count is None or classes):
        raise ValueError(
            "--balanced spreads --count over all classes; of --classes or --per-class as many of "
            "each are drawn anyway"
        )


def wanted(
    loaded: Loaded,
    out: Path,
    classes: Sequence[str],
    per_class: int | None,
    count: int | None,
    balanced: bool,
    guided: bool,
) -> Wanted:
    """What was asked for by the options, which ``check_request`` let pass, of this network; one
    without classes need not be told any.

    ValueError for a class that it does not know, or more than can be made.
    """
    if not classes and loaded.spec.condition == "none":
        classes = ("0",)  # the one that there is
    numbers = class_numbers(loaded, classes, guided)
    if not numbers and suffix_of(out) == PICTURE:
        raise ValueError(
            f"{out} is a picture with a row for each class: say --classes, as --classes 3 5; for "
            "many images give a folder, .npy or .npz"
        )
    if count is None and per_class is None and not numbers:
        raise ValueError(
            "say either --classes, as --classes 3 5, --count, for that many images of random "
            "classes, or --per-class, for that many of every class"
        )
    if suffix_of(out) == PICTURE:
        columns = per_class or IN_A_ROW
        if len(numbers) * columns > MOST_SHOWN:
            raise ValueError(
                f"{len(numbers)} classes with --per-class {columns} are more than the {MOST_SHOWN} "
                f"images of a picture; give a folder, .npy or .npz"
            )
        return Wanted(len(numbers) * columns, numbers, columns)
    every = tuple(range(loaded.spec.num_classes))
    if count is not None and not (numbers or balanced):
        return Wanted(count)
    turns = numbers or every
    if count is None:
        count = len(turns) * (per_class or IN_A_ROW)
    if count > MOST:
        raise ValueError(f"--per-class {per_class}: {count} images are more than {MOST}")
    if count < len(turns):
        raise ValueError(
            f"--count {count} cannot be spread over {len(turns)} classes; give {len(turns)} or more"
        )
    return Wanted(count, turns)


def class_numbers(loaded: Loaded, names: Sequence[str], guided: bool) -> tuple[int, ...]:
    """The labels of ``names``; "none" is the one that means no class.

    ValueError for classes that the model does not know, or where no class is nothing it learned.
    """
    spec = loaded.spec
    numbers = [spec.num_classes if name == NO_CLASS else int(name) for name in names]
    if unknown := [
        n for n, name in zip(numbers, names) if name != NO_CLASS and n >= spec.num_classes
    ]:
        raise ValueError(
            f"class {unknown[0]} is unknown to {spec.name}, which knows "
            f"{spec.num_classes}: 0 to {spec.num_classes - 1}"
        )
    if NO_CLASS in names and (loaded.label_dropout == 0 or spec.condition == "none"):
        raise ValueError(f"--classes none: {spec.name} did not learn a label for no class")
    if NO_CLASS in names and guided:
        raise ValueError("--classes none with --guidance: guidance is towards a class; leave one")
    return tuple(numbers)


def check_place(out: Path) -> None:
    """Refuse a place where nothing can be written, and a picture where a folder is."""
    folder = _there(out)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        what = "is no folder that can be written to" if folder.is_dir() else "is a file"
        raise ValueError(f"--out {out}: {folder} {what}; give another place")
    if suffix_of(out) == PICTURE and out.is_dir():
        raise ValueError(f"--out {out} is a folder; give the name of a picture")


def _there(out: Path) -> Path:
    """The nearest parent that exists."""
    return next(p for p in (*out.absolute().parents, Path("/")) if p.exists())


def check_space(out: Path, images: int, bytes_each: int) -> None:
    """Refuse more images than the disk has space for."""
    way = "ask for fewer or give another --out"
    check_room(f"{images} images take", images * bytes_each, _there(out), way)
