"""Which features compare clothes? Those of a small convolutional classifier of Fashion-MNIST.

Its Fréchet distance is always labelled "fashion-cnn" and never passed off as an Inception FID. The
weights ship beside this file; ``python -m scaling.evaluation.features.fashion.train cnn`` trains
them again.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from scaling.evaluation.features.grey import GreyExtractor


class FashionCnn(nn.Module):
    """Three convolutions, a mean over pixels, ten classes.

    (B, 1, 28, 28) in [-1, 1] to features (B, 64) and logits (B, 10).
    """

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 64, 3, padding=1)
        self.classify = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.conv1(x))  # (B, 16, 14, 14)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)  # (B, 32, 7, 7)
        features = torch.relu(self.conv3(x)).mean((2, 3))  # (B, 64)
        return features, self.classify(features)


class FashionCnnExtractor(GreyExtractor):
    NAME = "fashion-cnn"
    FEATURES = "64"
    SIDE = 28
    NET = FashionCnn
    WEIGHTS = Path(__file__).with_name("cnn.safetensors")
