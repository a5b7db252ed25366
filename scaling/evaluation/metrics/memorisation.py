"""Are samples copies of training images? Nearest neighbours among training and held-out images."""

import torch
from torch import Tensor

# A sample is a copy if its nearest neighbour is closer than this fraction of the distance to the
# second (Yoon et al. 2023).
COPY = 1 / 3
BLOCK = 2048


def memorisation(samples: Tensor, train: Tensor, heldout: Tensor) -> dict:
    """Whether samples (N, D) are nearer to training than to held-out images, by features.

    ``to_train`` and ``to_heldout`` are median distances to the nearest of equally many images of
    each. ``nearer_to_train`` is the fraction of samples that are nearer to a training image; it is
    0.5 if nothing is memorised. ``copies`` is the fraction whose nearest training image, of all
    ``train`` given, is less than a third as far as the second.
    """
    count = min(len(train), len(heldout))
    as_many = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:count]]
    to_train, to_heldout = (
        _nearest(samples, as_many, 1)[:, 0],
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
