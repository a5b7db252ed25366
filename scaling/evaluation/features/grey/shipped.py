"""Which classifiers of grey images ship with their weights, and which images does each know?

Inception was made for 299-pixel photographs; for digits of 8 pixels, or clothes of 28, a classifier
of those says more. Of each data set there are two of unlike architectures, so that what both say of
a model is not one architecture's taste. Their Fréchet distances are always labelled by these names
and never passed off as an Inception FID. ``python -m scaling.evaluation.features.grey.train NAME``
trains the weights again.
"""

from functools import partial
from pathlib import Path

from scaling.evaluation.features.grey.cnn import Cnn
from scaling.evaluation.features.grey.extractor import GreyExtractor
from scaling.evaluation.features.grey.mixer import Mixer

HERE = Path(__file__).parent


class Digits(GreyExtractor):
    KNOWS = "grey digits"
    USUAL = "digits-cnn"
    SIDE = 8  # MNIST's 28 pixels are averaged to these


class DigitsCnn(Digits):
    NAME = "digits-cnn"
    FEATURES = "64"
    NET = staticmethod(partial(Cnn, (32, 64, 64)))
    WEIGHTS = HERE / "digits" / "cnn.safetensors"


class DigitsMixer(Digits):
    NAME = "digits-mixer"
    FEATURES = "32"
    NET = staticmethod(partial(Mixer, side=8, patch=2, width=32, depth=3))
    WEIGHTS = HERE / "digits" / "mixer.safetensors"


class Clothes(GreyExtractor):
    KNOWS = "the grey clothes of Fashion-MNIST"
    USUAL = "fashion-cnn"
    SIDE = 28


class FashionCnn(Clothes):
    NAME = "fashion-cnn"
    FEATURES = "64"
    NET = staticmethod(partial(Cnn, (16, 32, 64), stride=2))
    WEIGHTS = HERE / "fashion" / "cnn.safetensors"


class FashionMixer(Clothes):
    NAME = "fashion-mixer"
    FEATURES = "48"
    NET = staticmethod(partial(Mixer, side=28, patch=4, width=48, depth=4))
    WEIGHTS = HERE / "fashion" / "mixer.safetensors"


GREY: dict[str, type[GreyExtractor]] = {
    shipped.NAME: shipped for shipped in (DigitsCnn, DigitsMixer, FashionCnn, FashionMixer)
}
