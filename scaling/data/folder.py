"""Which images lie in a folder? One class per subfolder.

    FOLDER/CLASS/...      of each class, one image in 20 is held out, at least 1 and at most 10
    FOLDER/train/CLASS/... FOLDER/val/...
                          or the folder's own held-out split: val, validation, heldout or test

Which images are held out depends on their paths alone.
"""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from scaling.data.crop import SUFFIXES, image_size, read_image
from scaling.data.images import DataSet, Images
from scaling.study.identity import identity
from scaling.study.spec import DataSpec

OWN_SPLITS = ("val", "validation", "heldout", "test")
ONE_IN, AT_MOST = 20, 10  # how many images of each class are held out
READING_THREADS = 16
DECODED = 20_000  # images decoded before training; if there are more, evenly spaced ones


class Listing(NamedTuple):
    """The images of a folder by split: paths relative to it, and labels.

    ``classes`` is in order of label.
    """

    classes: list[str]
    splits: dict[str, list[tuple[str, int]]]  # train, heldout -> (path, label)


def list_images(folder: Path) -> Listing:
    """The images in ``folder``.

    ValueError if the folder is missing, has fewer than two classes, an empty one, or no class with
    a second image to hold out.
    """
    if not folder.is_dir():
        raise ValueError(
            f"no image folder at {folder}: put a subfolder per class there, or set data.path or "
            "--images"
        )
    own = [name for name in OWN_SPLITS if (folder / name).is_dir()]
    if (folder / "train").is_dir() and own:
        train, classes = _classes(folder / "train")
        heldout, _ = _classes(folder / own[0], classes)
        return Listing(
            classes,
            {
                "train": [(f"train/{path}", label) for path, label in train],
                "heldout": [(f"{own[0]}/{path}", label) for path, label in heldout],
            },
        )
    rows, classes = _classes(folder)
    splits: dict[str, list] = {"train": [], "heldout": []}
    for _, group in itertools.groupby(rows, key=lambda row: row[1]):
        of_class = list(group)
        count = min(AT_MOST, -(-len(of_class) // ONE_IN)) if len(of_class) > 1 else 0
        out = set(np.linspace(0, len(of_class) - 1, count).round().astype(int).tolist())
        for i, row in enumerate(of_class):
            splits["heldout" if i in out else "train"].append(row)
    if not splits["heldout"]:
        raise ValueError(
            f"each class of {folder} has one image only, so none can be held out; add images"
        )
    return Listing(classes, splits)


def _classes(
    folder: Path, known: list[str] | None = None
) -> tuple[list[tuple[str, int]], list[str]]:
    """The (path, label) of all images below ``folder``, by class and path, and the classes.

    If ``known`` classes are given, labels refer to those.
    """
    classes = sorted(
        entry.name
        for entry in os.scandir(folder)
        if entry.is_dir() and not entry.name.startswith(".")
    )
    if known is not None and not set(classes) <= set(known):
        raise ValueError(
            f"{folder} has classes that train lacks, such as "
            f"{sorted(set(classes) - set(known))[0]!r}"
        )
    if known is None and len(classes) < 2:
        loose = sum(name.lower().endswith(SUFFIXES) for name in os.listdir(folder))
        raise ValueError(
            f"{folder} has {len(classes)} classes ({', '.join(classes) or 'no subfolder'}) and "
            f"{loose} images outside; a class-conditional model needs two or more: put the images "
            "of each in a subfolder"
        )
    rows, empty = [], []
    for name in classes:
        paths = sorted(
            os.path.relpath(os.path.join(place, file), folder)
            for place, _, files in os.walk(folder / name, followlinks=True)
            for file in files
            if file.lower().endswith(SUFFIXES) and not file.startswith(".")
        )
        empty += [] if paths else [name]
        rows += [(path, (known or classes).index(name)) for path in paths]
    if empty:
        raise ValueError(
            f"{len(empty)} of {len(classes)} class folders of {folder} hold no image "
            f"({', '.join(SUFFIXES)}), such as {empty[0]!r}; remove them or fill them"
        )
    return rows, known or classes


def check_images(
    folder: Path, paths: list[str], size: int, upscale: bool = False, unreadable: bool = False
) -> None:
    """Read the header of every image.

    ValueError for images smaller than the crop, unless ``upscale``; it gives the size of the first.
    ValueError for files that are not images or are cut off, unless ``unreadable``. All images are
    decoded for this or, if there are more than DECODED, as many evenly spaced ones.
    """
    every = -(-len(paths) // DECODED)
    with ThreadPoolExecutor(READING_THREADS) as pool:
        sizes = list(
            pool.map(
                lambda i: image_size(folder / paths[i], whole=not unreadable and i % every == 0),
                range(len(paths)),
            )
        )
    broken = [path for path, sides in zip(paths, sizes) if sides is None]
    if broken and not unreadable:
        raise ValueError(
            f"{len(broken)} of {len(paths)} files of {folder} cannot be read as images, such as "
            f"{broken[0]}; repair or remove them"
        )
    small = [(path, sides) for path, sides in zip(paths, sizes) if sides and min(sides) < size]
    if small and not upscale:
        path, (width, height) = small[0]
        raise ValueError(
            f"{len(small)} of {len(paths)} images of {folder} are smaller than the crop of {size} "
            f"pixels, such as {path} ({width}x{height}); remove them, choose a smaller size, or "
            "enlarge them as ADM does (--upscale of scaling encode, data.upscale=true)"
        )


class FolderImages(Images):
    """One split of a folder; images are decoded when they are read: uint8 (B, 3, size, size)."""

    def __init__(self, folder: Path, rows: list[tuple[str, int]], size: int, flip: bool):
        self.folder, self.size, self.flip = folder, size, flip
        self.paths, labels = zip(*rows)
        self.labels, self.shape = torch.tensor(labels), (3, size, size)

    def read(self, rows: Tensor, flipped: Tensor) -> Tensor:
        out = np.empty((len(rows), *self.shape), np.uint8)
        for i, (row, mirrored) in enumerate(zip(rows.tolist(), flipped.tolist())):
            image = read_image(self.folder / self.paths[row], self.size)
            out[i] = image[..., ::-1] if mirrored else image
        return torch.from_numpy(out)


def load(folder: Path, spec: DataSpec) -> DataSet:
    """The folder as a data set.

    ValueError as ``list_images``, and if its content is not the one that ``spec`` names.
    """
    listing = list_images(folder)
    content = (
        identity(
            [
                [path, label, (folder / path).stat().st_size]
                for rows in listing.splits.values()
                for path, label in rows
            ]
        )
        if spec.content
        else None
    )
    if spec.content != content:
        raise ValueError(
            f"the images in {folder} are content {content} by name and length, the spec says "
            f"{spec.content}; set data.content, or data.path to another folder"
        )
    train, heldout = (
        FolderImages(folder, listing.splits[split], spec.size, spec.flip and split == "train")
        for split in ("train", "heldout")
    )
    return DataSet(
        name=spec.name,
        num_classes=len(listing.classes),
        train=train,
        heldout=heldout,
        content=content,
    )
