"""How are the frames of a piece of a clip read? From a folder, or a video file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scaling.data.clips.layout import Clip
from scaling.data.clips.video_files import is_video, read_frames
from scaling.data.crop import centre_crop, opened
from scaling.data.listing.content import is_image
from scaling.data.listing.names import in_order
from scaling.data.listing.walk import find
from scaling.data.pixels import rgb

MARK = "#"  # before the number of a piece's first frame, in its name


class Piece(NamedTuple):
    """``count`` frames of a clip from frame ``start`` (from 0)."""

    clip: Clip
    start: int
    count: int

    @property
    def name(self) -> str:
        """The clip's path and the first frame, such as ``walks/one#16``."""
        return f"{self.clip.path}{MARK}{self.start}"

    @property
    def files(self) -> tuple[str, ...]:
        """What it is read from, below the data's folder."""
        if not self.clip.frames:
            return (self.clip.path,)
        return self.clip.frames[self.start : self.start + self.count]

    def pictures(self, folder: Path, height: int, width: int) -> Iterator[np.ndarray]:
        """Its frames, cropped: (height, width, 3) uint8 each. ValueError for what is unreadable."""
        if not self.clip.frames:
            for image in read_frames(folder / self.clip.path, self.start, self.count):
                yield centre_crop(image, height, width)
            return
        for path in self.files:
            with opened(folder / path) as image:
                yield centre_crop(rgb(image), height, width)

    def read(self, folder: Path, height: int, width: int) -> np.ndarray:
        """(3, F, height, width) uint8. ValueError as ``pictures``."""
        frames = np.stack(list(self.pictures(folder, height, width)))
        return np.ascontiguousarray(frames.transpose(3, 0, 1, 2))

    def sha256(self, folder: Path) -> str:
        """Of the content of its files, one after the other. OSError where one is gone."""
        digest = hashlib.sha256()
        for path in self.files:
            digest.update((folder / path).read_bytes())
        return digest.hexdigest()


def pieces_of(folder: Path, clip: Clip, count: int) -> list[Piece]:
    """The pieces of ``count`` frames that ``clip`` has, one after the other; none jumps where
    frames lack.
    """
    return [
        Piece(clip, start, count)
        for run in clip.runs(folder)
        for start in range(run.begin, run.end - count + 1, count)
    ]


def clip_of(name: str) -> str:
    """The path of the clip that the piece ``name`` is of."""
    return name.rpartition(MARK)[0]


def piece_named(folder: Path, name: str, count: int) -> Piece:
    """The piece of ``count`` frames that ``Piece.name`` called ``name``, as it is there now.

    ValueError where its clip has fewer frames.
    """
    path, _, start = name.rpartition(MARK)
    frames: tuple[str, ...] = ()
    if not is_video(path):
        inside = [found for found in find(folder / path, is_image).paths if "/" not in found]
        frames = tuple(f"{path}/{frame}" for frame in sorted(inside, key=in_order))
        if len(frames) < int(start) + count:
            raise ValueError(f"{folder / path} has {len(frames)} frames, and had {start} + {count}")
    return Piece(Clip(path, frames), int(start), count)
