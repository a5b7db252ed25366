"""Do classifiers of grey images take what they say, and give features of their own images alone?"""

import pytest
import torch

from scaling.evaluation.features.digits_cnn import DigitsCnnExtractor
from scaling.evaluation.features.digits_mixer import DigitsMixerExtractor
from scaling.evaluation.features.extractors import extractor_of, layers_of, network
from scaling.evaluation.features.fashion.cnn import FashionCnnExtractor
from scaling.evaluation.features.fashion.mixer import FashionMixerExtractor

GREY = (DigitsCnnExtractor, DigitsMixerExtractor, FashionCnnExtractor, FashionMixerExtractor)


@pytest.fixture(params=GREY, ids=lambda made: made.NAME)
def made(request):
    return request.param


def images(count: int, channels: int, side: int) -> torch.Tensor:
    g = torch.Generator().manual_seed(0)
    return torch.randint(256, (count, channels, side, side), generator=g, dtype=torch.uint8)


def test_the_weights_ship_and_are_small(made):
    assert extractor_of(made.NAME).file() == made.WEIGHTS
    assert made.WEIGHTS.stat().st_size < 300_000


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
