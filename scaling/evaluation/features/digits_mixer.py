"""Which second network compares digits, without a convolution? A small MLP-Mixer of those digits.

The weights ship beside this file; ``python -m scaling.evaluation.features.train_digits_mixer``
trains them again.
"""

from pathlib import Path

from scaling.evaluation.features.grey import GreyExtractor
from scaling.evaluation.features.mixer import Mixer


class DigitsMixer(Mixer):
    """16 patches of 2 pixels. (B, 1, 8, 8) in [-1, 1] to features (B, 32) and logits (B, 10)."""

    def __init__(self):
        super().__init__(side=8, patch=2, width=32, depth=3)


class DigitsMixerExtractor(GreyExtractor):
    NAME = "digits-mixer"
    FEATURES = "32"
    SIDE = 8
    NET = DigitsMixer
    WEIGHTS = Path(__file__).with_name("digits_mixer.safetensors")
