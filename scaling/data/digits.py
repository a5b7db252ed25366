"""Which images does the laptop study use? scikit-learn's 1,797 handwritten digits, split once and
for all.

Real 8x8 grey images of 10 classes with 17 grey levels (UCI Optical Recognition of Handwritten
Digits); they ship with scikit-learn, so nothing is downloaded. Within each class, in the order of
the data set, every fifth image is held out: stratified, and independent of seeds and of library
versions.
"""

import functools

import numpy as np
import torch
from sklearn.datasets import load_digits

from scaling.data.images import DataSet, ImageSet

HELDOUT_EVERY = 5
GREY_LEVELS = 16  # pixels are 0 .. 16


@functools.cache
def load() -> DataSet:
    """1,433 training and 364 held-out images, (N, 1, 8, 8) in [-1, 1], with labels (N,)."""
    bunch = load_digits()
    images = torch.from_numpy(bunch.images.astype(np.float32))[:, None] / (GREY_LEVELS / 2) - 1.0
    labels = torch.from_numpy(bunch.target.astype(np.int64))
    heldout = np.zeros(len(labels), dtype=bool)
    for label in range(10):
        heldout[np.flatnonzero(bunch.target == label)[::HELDOUT_EVERY]] = True
    split = {
        name: ImageSet(images[mask], labels[mask])
        for name, mask in (("train", ~heldout), ("heldout", heldout))
    }
    return DataSet(name="digits", num_classes=10, **split)
