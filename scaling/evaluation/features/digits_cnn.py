"""Which features compare digits? Those of a small classifier of scikit-learn's digits.

Inception was made for 299-pixel photographs; for 8-pixel digits a classifier of those digits says
more. It is registered with torch-fidelity. Its Fréchet distance is always labelled "digits-cnn" and
never passed off as an Inception FID. The weights ship beside this file, and ``python -m
scaling.evaluation.features.train_digits_cnn`` trains them again.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from scaling.evaluation.features.grey import GreyExtractor

NAME = "digits-cnn"
WEIGHTS = Path(__file__).with_name("digits_cnn.safetensors")
FEATURES = "64"  # the pooled activations before the classifier, of dimension 64


class DigitsCnn(nn.Module):
    """Three convolutions, a mean over pixels, ten classes.

    (B, 1, 8, 8) in [-1, 1] to features (B, 64) and logits (B, 10).
    """

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 64, 3, padding=1)
        self.classify = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.conv1(x))  # (B, 32, 8, 8)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)  # (B, 64, 4, 4)
        features = torch.relu(self.conv3(x)).mean((2, 3))  # (B, 64)
        return features, self.classify(features)


class DigitsCnnExtractor(GreyExtractor):
    """``DigitsCnn`` as a torch-fidelity extractor, which averages MNIST's 28 pixels to its 8."""

    NAME = NAME
    FEATURES = FEATURES
    SIDE = 8
    NET = DigitsCnn
    WEIGHTS = WEIGHTS
