"""Which clips need no download? scikit-learn's handwritten digits, moving and bouncing in a frame.

A clip shows one digit on black. It moves by at most a pixel a frame along each axis, in one of
eight directions, and turns where it meets an edge. Held out are the clips of the digits that
``scaling.data.digits`` holds out, none of which is in a training clip. Where a digit begins and
where it goes depends on its place in its split alone, so that clips of more frames or of a larger
frame begin alike.
"""

import functools

import torch
from torch import Tensor

from scaling.data import digits
from scaling.data.images import DataSet, Images
from scaling.data.order import stream
from scaling.study.specs.identity import identity
from scaling.study.specs.trial import DataSpec

SIDE = 8  # pixels of a digit
CLIPS_A_DIGIT = 2  # from other places, in other directions
BLACK = -1.0
VERSION = 1  # of the clips; changes with what is drawn
# rows and columns that a digit moves by in a frame
DIRECTIONS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]


class MovingDigits(Images):
    """The clips of one split: float32 (B, 1, F, H, W), or (B, 1, H, W) of a single frame."""

    in_memory, flip = True, False

    def __init__(self, images: Tensor, labels: Tensor, split: str, frames: int, size: list[int]):
        """``images`` (n, 1, 8, 8) in [-1, 1] with ``labels`` (n,); ``size``: rows and columns."""
        self.images, self.frames, self.size = images[:, 0], frames, size
        self.labels = labels.repeat(CLIPS_A_DIGIT)
        self.shape = (1, *((frames,) if frames > 1 else ()), *size)
        draw = stream("moving-digits", split)
        room = torch.tensor(size) - SIDE  # pixels that a digit can move by, each way
        begins = torch.rand(len(self.labels), 2, generator=draw) * (room + 1)
        self.begins = begins.long().clamp(max=room)  # (N, 2): row and column
        turns = torch.randint(len(DIRECTIONS), (len(self.labels),), generator=draw)
        self.moves = torch.tensor(DIRECTIONS)[turns]

    def places(self, rows: Tensor) -> Tensor:
        """The upper left corners (B, F, 2) of the digits of clips ``rows``."""
        steps = torch.arange(self.frames)[:, None]
        free = self.begins[rows, None] + steps * self.moves[rows, None]
        room = torch.tensor(self.size) - SIDE
        there_and_back = free % (2 * room).clamp(min=1)
        return torch.where(there_and_back > room, 2 * room - there_and_back, there_and_back)

    def read(self, rows: Tensor, flipped: Tensor) -> Tensor:
        places, digit = self.places(rows), torch.arange(SIDE)
        down = places[..., 0, None, None] + digit[:, None]  # (B, F, 8, 1)
        across = places[..., 1, None, None] + digit  # (B, F, 1, 8)
        clip = torch.arange(len(rows))[:, None, None, None]
        frame = torch.arange(self.frames)[:, None, None]
        out = torch.full((len(rows), self.frames, *self.size), BLACK)
        out[clip, frame, down, across] = self.images[rows % len(self.images), None]
        return out.view(len(rows), *self.shape)


@functools.lru_cache(maxsize=8)
def _load(frames: int, height: int, width: int) -> DataSet:
    split = {}
    for name in ("train", "heldout"):
        still = digits.load().subset(name)
        images = still.batch(torch.arange(len(still)))
        split[name] = MovingDigits(images, still.labels, name, frames, [height, width])
    content = identity(["moving-digits", VERSION, frames, height, width])
    return DataSet(name="moving-digits", num_classes=10, content=content, **split)


def load(spec: DataSpec) -> DataSet:
    """2,866 training and 728 held-out clips, (N, 1, F, H, W) in [-1, 1], by digit."""
    return _load(spec.frames, spec.size, spec.width or spec.size)
