"""Which images or clips become a latent store, and how is each of them read?

A row of a split says of one of them what a worker needs to read it, as JSON: its name and label,
and of a piece of a clip the clip's path, the paths of the piece's frames and its first frame.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scaling.data.clips.folder import check_clips, cut, files_in, list_clips, told_of
from scaling.data.clips.layout import Clip
from scaling.data.clips.pieces import Piece
from scaling.data.crop import read_image
from scaling.data.depth import told_of_depth
from scaling.data.folder import check_sizes
from scaling.data.listing import list_images, read_bytes
from scaling.data.listing.splits import WITHOUT
from scaling.data.listing.walk import printable
from scaling.data.profiles import told_of_profiles
from scaling.data.several import several_frames, told_of_several


class ToEncode(NamedTuple):
    """``splits``: rows by split. ``check``: given height, width and whether small images are
    enlarged, path and why of each image that cannot be read; ValueError for those too small.
    ``notes``: what else should be known of the files.
    """

    folder: Path
    classes: list[str]
    splits: dict[str, list]
    told: str
    check: Callable[[int, int, bool], list[dict]]
    notes: Callable[[], list[str]]


def of_images(place: Path, heldout_labels: Path | None = None) -> ToEncode:
    """The images at ``place``, in folders, archives or tables. ValueError as ``list_images``."""
    listing = list_images(place, heldout_labels)
    paths = [path for rows in listing.splits.values() for path, _ in rows]
    return ToEncode(
        listing.folder,
        listing.classes,
        listing.splits,
        listing.told,
        lambda height, width, upscale: check_sizes(listing.folder, paths, height, upscale),
        lambda: [
            told_of_several(several_frames(listing.folder, paths)),
            told_of_depth(listing.folder, paths),
            told_of_profiles(listing.folder, paths),
        ],
    )


def of_clips(folder: Path, frames: int) -> ToEncode:
    """The pieces of ``frames`` of the clips in ``folder``. ValueError as ``list_clips``."""
    classes, splits = list_clips(folder, frames)
    clips = [clip for rows in splits.values() for clip, _ in rows]
    cuts = {split: cut(folder, rows, frames) for split, rows in splits.items()}
    pieces = [piece for its, _ in cuts.values() for piece in its]

    def check(height: int, width: int, upscale: bool) -> list[dict]:
        check_clips(folder, files_in(pieces), height, width)
        return []

    return ToEncode(
        folder,
        list(map(printable, classes)),
        {split: [_row(*piece) for piece in zip(*its)] for split, its in cuts.items()},
        f"{len(clips)} clips, {len(pieces)} pieces of {frames} frames"
        + WITHOUT * (not classes)
        + told_of(folder, clips),
        check,
        list,
    )


def _row(piece: Piece, label: int) -> list:
    return [piece.name, label, piece.clip.path, list(piece.files), piece.start]


def read_row(folder: Path, row: list, shape: tuple[int, ...]) -> tuple[np.ndarray, str]:
    """The image or clip of ``row``, uint8 of ``shape`` (3, [F,] H, W), and its files' SHA-256.

    OSError or ValueError for what cannot be read.
    """
    name, _, *piece = row
    if not piece:
        data = read_bytes(folder, name)
        return read_image(folder / name, shape[-1], data), hashlib.sha256(data).hexdigest()
    path, files, start = piece
    if files == [path]:  # of a video, its one file
        its = Piece(Clip(path, ()), start, shape[1])
    else:
        its = Piece(Clip(path, tuple(files)), 0, shape[1])
    return its.read(folder, *shape[-2:]), its.sha256(folder)
