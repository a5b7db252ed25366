"""Are classifiers of grey images trained the same way each time, and do they learn?"""

import pytest
import torch

from scaling.data import DataSpec, load_data
from scaling.data.images import ImageSet
from scaling.evaluation.features.grey.shipped import GREY
from scaling.evaluation.features.grey.train import RECIPES, SEED, accuracy, train


def stripes(count: int, seed: int) -> ImageSet:
    """Images of two classes: stripes across and stripes down, in noise."""
    g = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    rows = (torch.arange(28) // 2 % 2 * 200).to(torch.uint8)
    images = torch.where(labels[:, None, None] == 0, rows[None, :, None], rows[None, None, :])
    noise = torch.randint(56, (count, 28, 28), generator=g, dtype=torch.uint8)
    return ImageSet((images + noise)[:, None], labels)


def test_every_classifier_has_a_recipe():
    assert set(RECIPES) == set(GREY)


@pytest.mark.parametrize("name", [name for name in RECIPES if name.startswith("fashion")])
def test_every_run_gives_the_same_weights_and_learns(name):
    net, again = (train(name, stripes(256, 0), steps=25) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters()))
    assert accuracy(net, stripes(100, 1)) > 0.9


def test_a_few_steps_on_digits_give_the_same_weights_and_classify_better_than_none():
    digits = load_data(DataSpec())
    net, again = (train("digits-cnn", digits.train, steps=30) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters()))
    torch.manual_seed(SEED)
    untrained = accuracy(GREY["digits-cnn"].NET().eval(), digits.heldout)
    assert accuracy(net, digits.heldout) > max(0.3, 2 * untrained)


def test_another_network_is_not_trained_here():
    with pytest.raises(ValueError, match="unknown features 'vit'; known: digits-cnn, digits-mixer"):
        train("vit", stripes(4, 0))
