"""Which images does the laptop study use? scikit-learn's 1,797 handwritten digits.

They are real 8x8 grey images of 10 classes with 17 grey levels (UCI Optical Recognition of
Handwritten Digits). They ship with scikit-learn, so nothing is downloaded. Within each class, in
the order of the data set, every fifth image is held out: the split is stratified and depends on
neither seeds nor library versions.
"""

import functools
import importlib.util
from pathlib import Path

import numpy as np
import torch

from scaling.data.images import DataSet, ImageSet

HELDOUT_EVERY = 5
GREY_LEVELS = 16  # pixels are 0 .. 16
DIGITS_FILE = ("datasets", "data", "digits.csv.gz")  # in the folder of the package sklearn


@functools.cache
def load() -> DataSet:
    """1,433 training and 364 held-out images, (N, 1, 8, 8) in [-1, 1], with labels (N,)."""
    pixels, target = read()
    images = torch.from_numpy(pixels.astype(np.float32))[:, None] / (GREY_LEVELS / 2) - 1.0
    labels = torch.from_numpy(target.astype(np.int64))
    heldout = np.zeros(len(labels), dtype=bool)
    for label in range(10):
        heldout[np.flatnonzero(target == label)[::HELDOUT_EVERY]] = True
    split = {
        name: ImageSet(images[mask], labels[mask])
        for name, mask in (("train", ~heldout), ("heldout", heldout))
    }
    return DataSet(name="digits", num_classes=10, **split)


def read() -> tuple[np.ndarray, np.ndarray]:
    """Pixels (1797, 8, 8) in 0 .. 16 and labels (1797,), as scikit-learn's ``load_digits``.

    They are read from the file in scikit-learn's package without importing scikit-learn, because
    the import takes more than a second in every process that trains or measures. If a version keeps
    the file elsewhere, scikit-learn reads it.
    """
    (package,) = importlib.util.find_spec("sklearn").submodule_search_locations
    path = Path(package, *DIGITS_FILE)
    if not path.is_file():
        from sklearn.datasets import load_digits

        bunch = load_digits()
        return bunch.images, bunch.target
    rows = np.loadtxt(path, delimiter=",")
    return rows[:, :-1].reshape(-1, 8, 8), rows[:, -1].astype(int)
