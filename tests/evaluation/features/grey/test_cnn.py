"""Is the small convolutional classifier what it says, and blind to where a shape lies?"""

import torch

from scaling.evaluation.features.grey.cnn import Cnn


def test_features_are_the_last_channels_and_scores_those_of_ten_classes():
    features, logits = Cnn((4, 6, 8), stride=2)(torch.zeros(3, 1, 28, 28))
    assert features.shape == (3, 8) and logits.shape == (3, 10)


def test_features_are_a_mean_over_places_so_a_shape_may_move():
    torch.manual_seed(0)
    net, image = Cnn((4, 6, 8)), torch.zeros(1, 1, 24, 24)
    image[..., 8:12, 8:12] = 1
    moved = torch.roll(image, (4, 2), (2, 3))  # an even way, for the pooling
    assert torch.allclose(net(image)[0], net(moved)[0], atol=1e-6)
    assert not torch.allclose(net(image)[0], net(1 - image)[0], atol=1e-3)
