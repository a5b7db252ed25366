"""Are the images that figures show of every class?"""

import torch

from scaling.evaluation.images.thumbnails import _of_all_labels


def test_real_images_are_of_every_class():
    """Also where those of one class come first; else they are the first ones."""
    labels = torch.arange(20).repeat_interleave(10)  # as a folder's, by class
    rows = _of_all_labels(labels, 100)
    assert len(rows) == 100 and labels[rows].bincount().tolist() == [5] * 20
    assert _of_all_labels(torch.arange(200) % 10, 100).tolist() == list(range(100))
    assert _of_all_labels(torch.tensor([0, 0, 0, 1]), 2).tolist() == [0, 3]
