"""What is a data set here? Training and held-out images with labels, read one batch at a time.

An image set need not fit into memory. Each kind says how a batch is read (on any thread, without
arithmetic that matters) and how the result becomes float images on a device. Everything random in
either is a pure function of a key.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from scaling.data.order import stream

Key = tuple[int | str, ...]  # everything a random draw depends on, such as (seed, step)


def to_uint8(images: Tensor) -> Tensor:
    """Images in [-1, 1] to 8 bits, rounded to nearest and clipped; shape kept."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def from_uint8(images: Tensor) -> Tensor:
    """8-bit images to [-1, 1]: float32, shape kept."""
    return images.float() / 127.5 - 1


class Images(ABC):
    """Images by row number.

    ``labels``: (N,) int64. ``shape``: (C, H, W) of one image as a model sees it.
    """

    labels: Tensor
    shape: tuple[int, int, int]
    flip: bool  # whether a draw with a key mirrors half of the images
    in_memory = False  # if true, reading is so cheap that reading ahead gains nothing

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def read(self, rows: Tensor, flipped: Tensor) -> Tensor:
        """Rows (B,) as stored, with those of ``flipped`` (B,) bool mirrored: a CPU tensor (B, ...).

        Safe on any thread.
        """

    def noise(
        self, key: Key | None, count: int, rows: Tensor, device: torch.device | str = "cpu"
    ) -> Tensor | None:
        """The noise that ``finish`` needs, or None.

        With a ``key`` it is drawn for a batch of ``count`` images; without one, for each of
        ``rows`` from that row alone.
        """
        return None

    def finish(self, stored: Tensor, noise: Tensor | None) -> Tensor:
        """Float32 images (B, C, H, W) from what ``read`` returned, on the same device."""
        return from_uint8(stored) if stored.dtype == torch.uint8 else stored

    def flips(self, count: int, key: Key | None) -> Tensor:
        """Which of ``count`` images are mirrored, (count,) bool: none without a key."""
        if key is None or not self.flip:
            return torch.zeros(count, dtype=torch.bool)
        return torch.rand(count, generator=stream("flip", *key)) < 0.5

    def batch(self, rows: Tensor, key: Key | None = None) -> Tensor:
        """Images (B, C, H, W) float32 on the CPU.

        Without a key each image depends on its row alone, and none is mirrored.
        """
        return self.finish(
            self.read(rows, self.flips(len(rows), key)), self.noise(key, len(rows), rows)
        )


class ImageSet(Images):
    """Images in memory: (N, C, H, W), float32 in [-1, 1] or 8-bit."""

    in_memory = True

    def __init__(self, images: Tensor, labels: Tensor, flip: bool = False):
        self.images, self.labels, self.flip = images, labels, flip
        self.shape = tuple(images.shape[1:])

    def read(self, rows: Tensor, flipped: Tensor) -> Tensor:
        images = self.images[rows]
        if flipped.any():
            images[flipped] = images[flipped].flip(-1)
        return images

    @property
    def uint8(self) -> Tensor:  # (N, C, H, W)
        return self.images if self.images.dtype == torch.uint8 else to_uint8(self.images)


@dataclass(frozen=True)
class DataSet:
    """Images to train on and held-out ones, with their labels in 0 .. ``num_classes`` - 1.

    ValueError for a label outside.
    """

    name: str
    num_classes: int
    train: Images
    heldout: Images
    content: str | None = None  # the identity of the content, if the source does not fix it
    classes: tuple[str, ...] | None = None  # their names in order of label, where they have any
    told: str | None = None  # which files were found and left out, where files were looked for

    def __post_init__(self):
        # Checked here because a check in the model's forward pass would make a GPU wait.
        for name in ("train", "heldout"):
            labels = self.subset(name).labels
            odd = labels[(labels < 0) | (labels >= self.num_classes)]
            if len(odd):
                raise ValueError(
                    f"{self.name}, {name}: label {int(odd[0])} is outside 0 .. "
                    f"{self.num_classes - 1} ({len(odd)} such images); set num_classes, or correct "
                    "the labels"
                )

    def subset(self, name: str) -> Images:
        """``train`` or ``heldout``."""
        return {"train": self.train, "heldout": self.heldout}[name]
