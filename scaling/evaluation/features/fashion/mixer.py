"""Which second network compares clothes, without a convolution? A small MLP-Mixer of Fashion-MNIST.

The weights ship beside this file; ``python -m scaling.evaluation.features.fashion.train mixer``
trains them again.
"""

from pathlib import Path

from scaling.evaluation.features.grey import GreyExtractor
from scaling.evaluation.features.mixer import Mixer


class FashionMixer(Mixer):
    """49 patches of 4 pixels. (B, 1, 28, 28) in [-1, 1] to features (B, 48) and logits (B, 10)."""

    def __init__(self):
        super().__init__(side=28, patch=4, width=48, depth=4)


class FashionMixerExtractor(GreyExtractor):
    NAME = "fashion-mixer"
    FEATURES = "48"
    SIDE = 28
    NET = FashionMixer
    WEIGHTS = Path(__file__).with_name("mixer.safetensors")
