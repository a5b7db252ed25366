"""What is a data set here? Training and held-out images in [-1, 1] with labels, and their 8-bit form."""

from dataclasses import dataclass

import torch
from torch import Tensor


def to_uint8(images: Tensor) -> Tensor:
    """Images in [-1, 1] to 8 bits, rounded to nearest and clipped; shape kept."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


@dataclass(frozen=True)
class ImageSet:
    images: Tensor  # (N, C, H, W) float32 in [-1, 1]
    labels: Tensor  # (N,) int64

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def uint8(self) -> Tensor:  # (N, C, H, W)
        return to_uint8(self.images)


@dataclass(frozen=True)
class DataSet:
    name: str
    num_classes: int
    train: ImageSet
    heldout: ImageSet

    def __post_init__(self):
        # Checked here, where data enters: a check in the model's forward pass would make a GPU wait.
        for name in ("train", "heldout"):
            labels = self.subset(name).labels
            odd = labels[(labels < 0) | (labels >= self.num_classes)]
            if len(odd):
                raise ValueError(f"{self.name}, {name}: label {int(odd[0])} is outside 0 .. {self.num_classes - 1} "
                                 f"({len(odd)} such images); set num_classes, or mend the labels")

    def subset(self, name: str) -> ImageSet:
        """``train`` or ``heldout``."""
        return {"train": self.train, "heldout": self.heldout}[name]
