"""Are the digits scikit-learn's, and is their split stratified, complete and disjoint?"""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from scaling.data import DataSpec, digits, load_data


def test_the_split_is_stratified_complete_and_disjoint():
    data = load_data(DataSpec())
    assert (len(data.train), len(data.heldout)) == (1433, 364)
    share = torch.bincount(data.heldout.labels, minlength=10) / 364
    whole = np.bincount(load_digits().target) / 1797
    assert np.abs(share.numpy() - whole).max() < 0.005
    together = torch.cat([data.train.images, data.heldout.images]).flatten(1).double().sum(0)
    original = torch.from_numpy(load_digits().data / 8 - 1).sum(0)
    assert torch.allclose(together, original, atol=1e-4)


@pytest.mark.parametrize("file", [digits.DIGITS_FILE, ("nowhere.csv.gz",)], ids=["file", "package"])
def test_they_are_scikit_learns_whether_read_from_its_file_or_by_it(file, monkeypatch):
    monkeypatch.setattr(digits, "DIGITS_FILE", file)
    pixels, labels = digits.read()
    bunch = load_digits()
    assert np.array_equal(pixels, bunch.images) and np.array_equal(labels, bunch.target)
    assert (pixels.max(), len(labels)) == (digits.GREY_LEVELS, 1797)
