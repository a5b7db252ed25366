"""How are a folder's or an archive's images read, and which of them could not be trained on?

Which images there are, their classes and splits: ``scaling.data.listing``.
"""

import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scaling.data.crop import image_size, read_image
from scaling.data.depth import told_of_depth
from scaling.data.images import DataSet, Images
from scaling.data.listing import file_of, list_images, read_bytes
from scaling.data.listing.walk import printable
from scaling.data.profiles import told_of_profiles
from scaling.data.several import several_frames, told_of_several
from scaling.study.libraries import expanded
from scaling.study.specs.identity import identity
from scaling.study.specs.trial import DataSpec

READING_THREADS = 16
HEADER = 1 << 16  # bytes that hold the size of nearly any image
DECODED = 20_000  # images decoded before training; if there are more, evenly spaced ones


def check_images(folder: Path, paths: list[str], size: int, upscale: bool = False) -> str:
    """Read the header of every image, and decode all or, if there are more than DECODED, as many
    evenly spaced ones; returns, in words, which are more than images.

    ValueError as ``check_sizes``, and for files that are not images or are cut off.
    """
    broken = check_sizes(folder, paths, size, upscale, decoded=DECODED)
    if broken:
        raise ValueError(
            f"{len(broken)} of {len(paths)} files of {folder} cannot be read as images, such as "
            f"{printable(broken[0]['path'])} ({broken[0]['why']}); repair or remove them"
        )
    said = (
        told_of_several(several_frames(folder, paths)),
        told_of_depth(folder, paths),
        told_of_profiles(folder, paths),
    )
    return "; ".join(filter(None, said))


def check_sizes(
    folder: Path, paths: list[str], size: int, upscale: bool = False, decoded: int = 0
) -> list[dict]:
    """Read the header of every image, and decode ``decoded`` of them; returns path and why of each
    that cannot be read.

    ValueError for images smaller than the crop, unless ``upscale``; it gives the size of the first.
    """
    every = -(-len(paths) // decoded) if decoded else len(paths) + 1

    def look(i: int) -> tuple[int, int] | str:
        place, whole = folder / paths[i], decoded > 0 and i % every == 0
        with contextlib.suppress(ValueError):  # the header may be longer
            if not whole:
                return image_size(place, _data(folder, paths[i], HEADER))
        try:
            return image_size(place, _data(folder, paths[i]), whole)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(READING_THREADS) as pool:
        looks = list(pool.map(look, range(len(paths))))
    small = [
        (path, sides)
        for path, sides in zip(paths, looks)
        if not isinstance(sides, str) and min(sides) < size
    ]
    if small and not upscale:
        path, (width, height) = small[0]
        raise ValueError(
            f"{len(small)} of {len(paths)} images of {folder} are smaller than the crop of {size} "
            f"pixels, such as {printable(path)} ({width}x{height}); remove them, choose a smaller "
            "size, or enlarge them as ADM does (--upscale of scaling encode, data.upscale=true)"
        )
    return [{"path": path, "why": why} for path, why in zip(paths, looks) if isinstance(why, str)]


def _data(folder: Path, path: str, most: int = sys.maxsize) -> bytes | None:
    """At ``most`` so many bytes of an image in an archive; None for a file, which is opened."""
    return None if file_of(path) == path else read_bytes(folder, path, most)


class FolderImages(Images):
    """One split of a listing; images are decoded when they are read: uint8 (B, 3, size, size)."""

    def __init__(self, folder: Path, rows: list[tuple[str, int]], size: int, flip: bool):
        self.folder, self.size, self.flip = folder, size, flip
        self.paths, labels = zip(*rows)
        self.labels, self.shape = torch.tensor(labels), (3, size, size)

    def read(self, rows: Tensor, flipped: Tensor) -> Tensor:
        out = np.empty((len(rows), *self.shape), np.uint8)
        for i, (row, mirrored) in enumerate(zip(rows.tolist(), flipped.tolist())):
            path = self.paths[row]
            image = read_image(self.folder / path, self.size, _data(self.folder, path))
            out[i] = image[..., ::-1] if mirrored else image
        return torch.from_numpy(out)


def load(folder: Path, spec: DataSpec) -> DataSet:
    """The images at ``folder`` as a data set.

    ValueError as ``list_images``, and if its content is not the one that ``spec`` names.
    """
    labels = spec.heldout_labels and expanded(spec.heldout_labels)
    listing = list_images(folder, labels or None)
    content = (
        identity(
            [
                [path, label, (listing.folder / file_of(path)).stat().st_size]
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
        FolderImages(listing.folder, listing.splits[split], spec.size, spec.flip and not heldout)
        for split, heldout in (("train", False), ("heldout", True))
    )
    return DataSet(
        name=spec.name,
        num_classes=max(1, len(listing.classes)),
        train=train,
        heldout=heldout,
        content=content,
        classes=tuple(listing.classes) or None,
        told=f"{printable(str(folder))}: {listing.told}",
    )
