"""Are the classifiers of clothes trained the same way each time, and do they learn?"""

import pytest
import torch

from scaling.data.images import ImageSet
from scaling.evaluation.features.fashion.train import TRAINED, accuracy, train


def stripes(count: int, seed: int) -> ImageSet:
    """Images of two classes: stripes across and stripes down, in noise."""
    g = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    rows = (torch.arange(28) // 2 % 2 * 200).to(torch.uint8)
    images = torch.where(labels[:, None, None] == 0, rows[None, :, None], rows[None, None, :])
    noise = torch.randint(56, (count, 28, 28), generator=g, dtype=torch.uint8)
    return ImageSet((images + noise)[:, None], labels)


@pytest.mark.parametrize("kind", TRAINED)
def test_every_run_gives_the_same_weights_and_learns(kind):
    one, other = (train(kind, stripes(256, 0), steps=25) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters()))
    assert accuracy(one, stripes(100, 1)) > 0.9


def test_another_network_is_not_trained_here():
    with pytest.raises(ValueError, match="no network 'vit' is trained here; there are cnn, mixer"):
        train("vit", stripes(4, 0))
