"""Do the shipped classifiers know their images, and are their weights small?"""

import pytest

from scaling.data import DataSpec, load_data
from scaling.evaluation.features.extractors import extractor_of
from scaling.evaluation.features.grey.shipped import GREY
from scaling.evaluation.features.grey.train import accuracy


@pytest.mark.parametrize(("name", "least"), [("digits-cnn", 0.97), ("digits-mixer", 0.96)])
def test_the_shipped_weights_classify_heldout_digits(name, least):
    net = GREY[name](name, ["logits"]).net.eval()
    assert accuracy(net, load_data(DataSpec()).heldout) >= least


@pytest.mark.parametrize("shipped", GREY.values(), ids=GREY)
def test_the_weights_ship_and_are_small(shipped):
    assert extractor_of(shipped.NAME).file() == shipped.WEIGHTS
    assert shipped.WEIGHTS.stat().st_size < 300_000
