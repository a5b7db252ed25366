"""Are copies of training images noticed, and fresh images not taken for copies?"""

import torch

from scaling.data import DataSpec, load_data
from scaling.evaluation.metrics.measure import measure
from scaling.evaluation.metrics.memorisation import memorisation
from scaling.study import Protocol


def test_copies_of_training_images_are_noticed(dimmed):
    train = load_data(DataSpec()).train.uint8
    found = {
        name: measure(samples, DataSpec(), Protocol(samples=len(samples)))["memorisation"]
        for name, samples in (("copies", train[:200]), ("fresh", dimmed))
    }
    assert found["copies"]["copies"] > 0.95 and found["fresh"]["copies"] < 0.05
    assert found["fresh"]["nearer_to_train"] <= 0.5


def test_distances_are_those_of_the_nearest(monkeypatch):
    """Samples on a line at 0 and 10, training images beside them, held-out images between."""
    monkeypatch.setattr("scaling.evaluation.metrics.memorisation.BLOCK", 1)
    samples, train, heldout = (
        torch.tensor(places)[:, None]
        for places in ([0.0, 10.0], [1.0, 10.5, 30.0], [4.0, 6.0, 7.0])
    )
    assert memorisation(samples, train, heldout) == {
        "images": 3,
        "to_train": 0.5,  # torch's median is the lower of two
        "to_heldout": 3.0,
        "nearer_to_train": 1.0,
        "copies": 1.0,
    }
