"""Do classifiers of grey images take what they say, and give features of their own images alone?"""

import pytest
import torch

from scaling.data import DataSpec, load_data
from scaling.evaluation.features.extractors import layers_of
from scaling.evaluation.features.grey.shipped import GREY
from scaling.evaluation.features.passes import network


@pytest.fixture(params=GREY.values(), ids=GREY)
def made(request):
    return request.param


def images(count: int, channels: int, side: int) -> torch.Tensor:
    g = torch.Generator().manual_seed(0)
    return torch.randint(256, (count, channels, side, side), generator=g, dtype=torch.uint8)


def test_features_and_scores_have_the_dimensions_that_their_layers_say(made):
    layers = layers_of(made.NAME)
    features, scores = network(made.NAME, (layers.features, layers.scores))(images(3, 1, made.SIDE))
    assert features.shape == (3, int(made.FEATURES)) and scores.shape == (3, 10)


def test_larger_and_grey_as_rgb_are_the_same_image(made):
    net = network(made.NAME, (made.FEATURES,))
    small = images(2, 1, made.SIDE)
    large = small.repeat_interleave(2, 2).repeat_interleave(2, 3).expand(-1, 3, -1, -1)
    assert torch.allclose(net(small)[0], net(large)[0], atol=1e-4)


def test_other_images_are_refused(made):
    net, side = network(made.NAME, (made.FEATURES,)), made.SIDE
    for wrong in (images(1, 1, side).float(), images(1, 1, side - 1), images(1, 1, side)[:, :, 1:]):
        with pytest.raises(ValueError, match=f"{made.NAME} takes uint8 images of {side}x{side}"):
            net(wrong)


def test_digits_of_mnists_size_look_like_the_small_ones():
    net = network("digits-cnn", (GREY["digits-cnn"].FEATURES,))
    digits = load_data(DataSpec()).heldout.uint8[:5]
    mnist = torch.nn.functional.interpolate(digits.float(), size=28, mode="nearest").byte()
    assert (torch.cosine_similarity(net(mnist)[0], net(digits)[0]) > 0.95).all()
