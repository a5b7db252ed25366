"""How are a folder's clips read, and which of them could not be trained on?

A clip that is k times as long as what is asked for gives k pieces, one after the other, all in one
split. One that is shorter is refused; one that lacks frames is cut there.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scaling.data.clips.frames import apart, missing
from scaling.data.clips.layout import AS_VIDEO, Clip, by_split
from scaling.data.clips.pieces import Piece, pieces_of
from scaling.data.clips.video_files import count_frames, is_video
from scaling.data.crop import image_size
from scaling.data.depth import told_of_depth
from scaling.data.images import DataSet, Images
from scaling.data.listing.content import is_image
from scaling.data.listing.names import TRAIN, listed
from scaling.data.listing.splits import WITHOUT
from scaling.data.listing.walk import find, printable
from scaling.data.profiles import told_of_profiles
from scaling.data.several import several_frames
from scaling.study.specs.identity import identity
from scaling.study.specs.trial import DataSpec

READING_THREADS = 16


class FolderClips(Images):
    """The pieces of one split's clips; decoded when read: uint8 (B, 3, F, H, W)."""

    def __init__(self, folder: Path, clips: list[tuple[Clip, int]], spec: DataSpec, flip: bool):
        """``clips`` with their labels; each is cut into pieces of ``spec.frames``."""
        self.folder, self.flip, self.frames = folder, flip, spec.frames
        self.size = (spec.size, spec.width or spec.size)
        self.pieces, labels = cut(folder, clips, spec.frames)
        self.labels = torch.tensor(labels)
        self.shape = (3, *((self.frames,) if self.frames > 1 else ()), *self.size)

    def states(self) -> list:
        """What decides the pieces: the crop, and each file's path, length and time of change."""
        files = [(self.folder / path).resolve() for path in files_in(self.pieces)]
        told = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
        return [self.frames, self.size, told]

    def read(self, rows: Tensor, flipped: Tensor) -> Tensor:
        out = np.empty((len(rows), self.frames, *self.size, 3), np.uint8)
        for i, (row, mirrored) in enumerate(zip(rows.tolist(), flipped.tolist())):
            for f, picture in enumerate(self.pieces[row].pictures(self.folder, *self.size)):
                out[i, f] = picture[:, ::-1] if mirrored else picture
        return torch.from_numpy(out).permute(0, 4, 1, 2, 3).reshape(len(rows), *self.shape)


def load(folder: Path, spec: DataSpec) -> DataSet:
    """The clips at ``folder`` as a data set.

    ValueError for what leaves a class or a split in doubt, for clips shorter than ``spec.frames``,
    and if the content is not the one that ``spec`` names.
    """
    classes, splits = list_clips(folder, spec.frames)
    clips = [clip for rows in splits.values() for clip, _ in rows]
    content = _content(folder, clips) if spec.content else None
    if spec.content != content:
        raise ValueError(
            f"the clips in {folder} are content {content} by name and length, the spec says "
            f"{spec.content}; set data.content, or data.path to another folder"
        )
    train, heldout = (
        FolderClips(folder, splits[name], spec, spec.flip and name == TRAIN)
        for name in ("train", "heldout")
    )
    what = "images" if spec.frames == 1 else f"pieces of {spec.frames} frames"
    return DataSet(
        name=spec.name,
        num_classes=max(1, len(classes)),
        train=train,
        heldout=heldout,
        classes=tuple(map(printable, classes)) or None,
        told=f"{printable(str(folder))}: {len(clips)} clips, {len(train)} {what} to train on and "
        f"{len(heldout)} held out" + WITHOUT * (not classes) + told_of(folder, clips),
    )


def list_clips(folder: Path, frames: int) -> tuple[list[str], dict[str, list[tuple[Clip, int]]]]:
    """The classes in order of label, none of a set without, and the clips of each split with their
    labels.

    ValueError for what leaves a class or a split in doubt, and for clips shorter than ``frames``.
    """
    found = find(folder, lambda path, real: is_video(path) or is_image(path, real))
    classes, splits = by_split(folder, found)
    _refuse_short(folder, [clip for rows in splits.values() for clip, _ in rows], frames)
    return classes, splits


def cut(folder: Path, clips: list[tuple[Clip, int]], frames: int) -> tuple[list[Piece], list[int]]:
    """The pieces of ``frames`` of labelled ``clips``, and their labels."""
    rows = [(piece, label) for clip, label in clips for piece in pieces_of(folder, clip, frames)]
    return [piece for piece, _ in rows], [label for _, label in rows]


def told_of(folder: Path, clips: list[Clip]) -> str:
    """In words, which of ``clips`` lack frames, and what is told of frames as it is of images:
    those that do not use their range, and those with colours of another space than sRGB.
    """
    frames = [path for clip in clips for path in clip.frames]
    said = (told_of_depth(folder, frames), told_of_profiles(folder, frames)) if frames else ()
    return _told_of_numbers(clips) + "".join(f"; of the frames, {text}" for text in said if text)


def _told_of_numbers(clips: list[Clip]) -> str:
    """In words, by the numbers of frames, how many of ``clips`` lack some, how many have every
    second or third, and one of each; "" where there are none.
    """
    return _told_of_steps(clips) + _told_of_gaps(clips)


def _told_of_steps(clips: list[Clip]) -> str:
    steps = [(step, clip.path) for clip in clips if (step := apart(clip.frames)) > 1]
    if not steps:
        return ""
    step, path = steps[0]
    widths = sorted({step for step, _ in steps})
    return (
        f"; the frames of {len(steps)} of {len(clips)} clips are numbered "
        f"{listed([*map(str, widths)])} apart, such as those of {printable(path)} {step}, and are "
        "taken for frames that follow one another"
    )


def _told_of_gaps(clips: list[Clip]) -> str:
    lacking = [(clip.path, *missing(clip.frames)) for clip in clips]
    lacking = [(path, numbers, count) for path, numbers, count in lacking if count]
    if not lacking:
        return ""
    path, numbers, count = lacking[0]
    many = f"{len(lacking)} clips lack frames and are cut there, such as"
    more = f" and {count - len(numbers):,} more" * (count > len(numbers))
    return (
        f"; {many if lacking[1:] else 'a clip lacks frames and is cut there:'} {printable(path)}, "
        f"which lacks {', '.join(map(str, numbers))}{more}"
    )


def _refuse_short(folder: Path, clips: list[Clip], frames: int) -> None:
    with ThreadPoolExecutor(READING_THREADS) as pool:
        lengths = list(pool.map(lambda clip: clip.length(folder), clips))
    short = [(length, clip.path) for length, clip in zip(lengths, clips) if length < frames]
    if short:
        length, path = short[0]
        most = min(lengths)
        less = f"ask for {most} or fewer (data.frames, or --frames of encode), or " if most else ""
        raise ValueError(
            f"{len(short)} of {len(clips)} clips of {folder} have fewer than the {frames} frames "
            f"asked for, such as {printable(path)} with {length}; {less}remove them"
        )


def _content(folder: Path, clips: list[Clip]) -> str:
    """A hash of the files' names and lengths."""
    files = [path for clip in clips for path in clip.frames or (clip.path,)]
    return identity([[path, (folder / path).stat().st_size] for path in files])


def files_in(pieces: list[Piece]) -> list[str]:
    """All files of the clips of ``pieces``, relative to their folder."""
    clips = dict.fromkeys(piece.clip for piece in pieces)
    return [path for clip in clips for path in clip.frames or (clip.path,)]


def check_clips(folder: Path, files: list[str], height: int, width: int) -> None:
    """Decode every frame. ValueError for what cannot be read, or is smaller than the crop."""

    def size_of(path: str) -> tuple[int, int]:
        if is_video(path):
            return count_frames(folder / path)[1:]
        return image_size(folder / path, whole=True)

    if several := several_frames(folder, [path for path in files if not is_video(path)]):
        raise ValueError(
            f"{len(several)} frames of clips of {folder} hold several frames themselves, such as "
            f"{printable(several[0])}; {AS_VIDEO}"
        )
    with ThreadPoolExecutor(READING_THREADS) as pool:
        sizes = list(pool.map(size_of, files))
    first: dict[str, tuple[str, tuple[int, int]]] = {}  # of a folder: a frame and its size
    for path, (wide, high) in zip(files, sizes):
        other, its = first.setdefault(path.rpartition("/")[0], (path, (wide, high)))
        if its != (wide, high) and not is_video(path) and not is_video(other):
            raise ValueError(
                f"the frames of one clip of {folder} are of unlike sizes, {printable(other)} "
                f"({its[0]}x{its[1]}) and {printable(path)} ({wide}x{high}), and each would be "
                "cropped for itself; make them alike, or remove the clip"
            )
    small = [
        (path, (wide, high))
        for path, (wide, high) in zip(files, sizes)
        if wide < width or high < height
    ]
    if small:
        path, (wide, high) = small[0]
        raise ValueError(
            f"{len(small)} of {len(files)} files of {folder} are smaller than the crop of "
            f"{width}x{height} pixels, such as {printable(path)} ({wide}x{high}); remove them, or "
            "choose a smaller data.size"
        )
