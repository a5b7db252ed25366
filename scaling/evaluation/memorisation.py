"""Are samples copies of training images? Their nearest neighbours among training against held-out
images, by features.
"""

import torch
from torch import Tensor

COPY = 1 / 3  # a nearest neighbour this much nearer than the second is a copy (Yoon et al. 2023)
BLOCK = 2048


def memorisation(samples: Tensor, train: Tensor, heldout: Tensor) -> dict:
    """Median distances of samples (N, D) to the nearest of equally many training and held-out
    images, and what they tell.

    ``nearer_to_train``: the share of samples nearer to a training image; 0.5 where nothing is
    memorised. ``copies``: the share whose nearest training image, of all ``train`` given, is less
    than a third as far as the second.
    """
    count = min(len(train), len(heldout))
    alike = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:count]]
    to_train, to_heldout = (
        _nearest(samples, alike, 1)[:, 0],
        _nearest(samples, heldout[:count], 1)[:, 0],
    )
    first, second = _nearest(samples, train, 2).unbind(1)
    return {
        "images": count,
        "to_train": float(to_train.median()),
        "to_heldout": float(to_heldout.median()),
        "nearer_to_train": float((to_train < to_heldout).double().mean()),
        "copies": float((first < COPY * second).double().mean()),
    }


def _nearest(samples: Tensor, images: Tensor, k: int) -> Tensor:
    """Distances (N, k) to the ``k`` nearest of ``images``, ascending."""
    return torch.cat(
        [torch.cdist(part, images).topk(k, largest=False).values for part in samples.split(BLOCK)]
    )
