"""Which images of a set are kept for figures? Some of the first, or of every class."""

import torch
from torch import Tensor

from scaling.data import load_data
from scaling.evaluation.images.read import Stored
from scaling.evaluation.images.real_images import data_images
from scaling.study.specs.trial import DataSpec


def thumbnails(images: Tensor | Stored, labels: Tensor, count: int = 100) -> dict:
    """The first ``count`` samples as arrays for figures: images (n, C, H, W) uint8, or clips
    (n, C, F, H, W), and labels (n,).
    """
    shown = (
        images[:count]
        if isinstance(images, Tensor)
        else images.read(torch.arange(min(count, len(images))))
    )
    return {"images": shown.numpy(), "labels": labels[:count].numpy().astype("int16")}


def real_thumbnails(data: DataSpec, decoder: str | None, count: int = 100) -> dict:
    """Held-out images of as many classes as there are, as arrays for figures, in the form of
    ``thumbnails``.
    """
    heldout = load_data(data).heldout
    rows = _of_all_labels(heldout.labels, count)
    images = data_images(data, "heldout", decoder).read(rows)
    return thumbnails(images, heldout.labels[rows], count)


def _of_all_labels(labels: Tensor, count: int) -> Tensor:
    """The first ``count`` rows if they are of every label, else as many of each as there can be."""
    if len(labels[:count].unique()) == len(labels.unique()):
        return torch.arange(min(count, len(labels)))
    order = labels.argsort(stable=True)
    sizes = labels[order].unique_consecutive(return_counts=True)[1]
    # how many of its label come before each row
    turn = torch.cat([torch.arange(size) for size in sizes.tolist()])
    return order[turn.argsort(stable=True)[:count]].sort().values
