"""Which network of a user's own holds more than it trains? What tests of trainings share."""

import random
from typing import Literal

import numpy as np
import torch
from torch import nn

from scaling.study import Network


class Carrying(nn.Module):
    """Frequencies that are drawn once, in each way that torch allows; one layer twice, one idle."""

    def __init__(self, m):
        super().__init__()
        self.frozen = nn.Parameter(torch.randn(m.width), requires_grad=False)
        self.register_buffer("kept", torch.randn(m.width))
        self.register_buffer("unnamed", torch.randn(m.width), persistent=False)
        self.loose = torch.randn(m.width)
        self.label = nn.Embedding(m.num_classes + 1, m.width)
        self.first = nn.Conv2d(m.channels, m.width, 3, padding=1)
        self.norm = nn.BatchNorm2d(m.width) if m.regular else nn.Identity()
        self.drop = nn.Dropout(0.2 * m.regular)
        self.skipped = 0.3 * m.regular
        self.others = random.random() + torch.from_numpy(np.random.randn(m.width)).float()
        self.last = nn.Conv2d(m.width, m.out_channels, 1)
        self.tied = self.last
        self.idle = nn.Linear(2, 2)

    def forward(self, x, t, y):
        drawn = self.frozen + self.kept + self.unnamed + self.loose + self.others
        if self.training and np.random.rand() + random.random() < self.skipped:
            return self.tied(torch.relu(self.first(x)))
        told = self.label(y) + torch.sin(t[:, None].float() / 100 * drawn)
        return self.tied(self.drop(torch.relu(self.norm(self.first(x)) + told[:, :, None, None])))


class Carries(Network):
    family: Literal["tests-carrying"] = "tests-carrying"
    width: int = 6
    regular: bool = False  # with statistics of batches, and dropout

    def build(self):
        return Carrying(self)
