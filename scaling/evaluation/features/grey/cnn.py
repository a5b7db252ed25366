"""Which small classifier of grey images convolves them? Three convolutions and a mean."""

import torch
from torch import Tensor, nn


class Cnn(nn.Module):
    """Three convolutions, a mean over pixels, ten classes.

    ``channels`` are those after each convolution, D the last of them; ``stride`` is the first
    one's. (B, 1, H, W) in [-1, 1] to features (B, D) and logits (B, 10).
    """

    def __init__(self, channels: tuple[int, int, int], stride: int = 1):
        super().__init__()
        first, second, last = channels
        self.conv1 = nn.Conv2d(1, first, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(first, second, 3, padding=1)
        self.conv3 = nn.Conv2d(second, last, 3, padding=1)
        self.classify = nn.Linear(last, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.conv1(x))
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        features = torch.relu(self.conv3(x)).mean((2, 3))  # (B, D)
        return features, self.classify(features)
