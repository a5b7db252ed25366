"""Do the shipped weights of digits-cnn know digits?"""

import pytest
import torch

from scaling.data import DataSpec, load_data
from scaling.evaluation.features import digits_cnn
from scaling.evaluation.features.train_digits_cnn import accuracy


def test_the_shipped_weights_classify_heldout_digits():
    net = digits_cnn.DigitsCnnExtractor(digits_cnn.NAME, ["logits"]).net.eval()
    assert accuracy(net) >= 0.97


def test_larger_and_grey_images_are_averaged_down_and_others_refused():
    net = digits_cnn.DigitsCnnExtractor(digits_cnn.NAME, [digits_cnn.FEATURES]).eval()
    images = load_data(DataSpec()).heldout.uint8[:5]
    (features,) = net(images)
    large = images.repeat_interleave(2, 2).repeat_interleave(2, 3).expand(-1, 3, -1, -1)
    assert features.shape == (5, 64) and torch.allclose(net(large)[0], features, atol=1e-5)
    mnist = torch.nn.functional.interpolate(images.float(), size=28, mode="nearest").byte()
    same = torch.cosine_similarity(net(mnist)[0], features)
    assert (same > 0.95).all()
    for wrong in (images.float(), images[..., :6], images[:, :, :6, :6]):
        with pytest.raises(ValueError, match="digits-cnn takes uint8 images of 8x8 pixels"):
            net(wrong)
