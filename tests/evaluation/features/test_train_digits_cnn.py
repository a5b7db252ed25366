"""Is the classifier of digits trained the same way each time, and does it learn?"""

import pytest
import torch

from scaling.evaluation.features import train_digits_cnn
from scaling.evaluation.features.digits_cnn import DigitsCnn


@pytest.fixture(scope="module")
def trained():
    """Two trainings of a few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_digits_cnn, "STEPS", 30)
        return [train_digits_cnn.train() for _ in range(2)]


def test_every_run_gives_the_same_weights(trained):
    one, other = (net.state_dict() for net in trained)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_few_steps_classify_better_than_none(trained):
    torch.manual_seed(train_digits_cnn.SEED)
    untrained = train_digits_cnn.accuracy(DigitsCnn().eval())
    assert train_digits_cnn.accuracy(trained[0]) > max(0.3, 2 * untrained)
