"""Where do the weights of the classifiers of grey images come from? This script trains them.

It uses the training images only. On one core it takes a minute for digits, some for clothes.

    python -m scaling.evaluation.features.grey.train NAME [OUT.safetensors]
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from scaling.data import DataSpec, batch_indices, load_data, stream
from scaling.data.images import ImageSet
from scaling.evaluation.features.grey.shipped import (
    GREY,
    DigitsCnn,
    DigitsMixer,
    FashionCnn,
    FashionMixer,
)
from scaling.study.named import named

SEED = 0


def cosine(optimiser: Optimizer, lr: float, steps: int) -> LRScheduler:
    return CosineAnnealingLR(optimiser, steps)


def one_cycle(optimiser: Optimizer, lr: float, steps: int) -> LRScheduler:
    return OneCycleLR(optimiser, lr, total_steps=steps)


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained: AdamW on its data's training images, shifted at random."""

    source: str
    steps: int
    batch: int
    lr: float  # the highest
    schedule: Callable[[Optimizer, float, int], LRScheduler]
    corners: tuple[int, ...]  # pixels before a crop of the padded image, in the order of draws
    mirrored: float  # fraction of the images


DIGITS = Recipe("digits", 2000, 64, 2e-3, cosine, (2, 1, 0), mirrored=0.0)
CLOTHES = Recipe("fashion-mnist", 3600, 128, 1e-2, one_cycle, (0, 1, 2, 3, 4), mirrored=0.5)
RECIPES = {
    DigitsCnn.NAME: DIGITS,
    DigitsMixer.NAME: DIGITS,
    FashionCnn.NAME: CLOTHES,
    FashionMixer.NAME: replace(CLOTHES, steps=1800, lr=3e-3),
}


def train(name: str, images: ImageSet, steps: int | None = None) -> nn.Module:
    """The classifier of the features ``name`` trained on ``images``, (N, 1, SIDE, SIDE).

    ``steps`` replaces the recipe's. Every run gives the same weights.
    ValueError for an unknown name.
    """
    extractor, recipe = named(GREY, name, "features"), RECIPES[name]
    steps = steps or recipe.steps
    torch.manual_seed(SEED)
    net = extractor.NET()
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.lr, weight_decay=1e-2)
    schedule = recipe.schedule(optimiser, recipe.lr, steps)
    side, corners = extractor.SIDE, recipe.corners
    for step in range(steps):
        rows = batch_indices(len(images), recipe.batch, SEED, step)
        mirrored = torch.rand(len(rows), generator=stream("mirror", SEED, step)) < recipe.mirrored
        draws = torch.randint(len(corners), (2,), generator=stream("shift", SEED, step))
        top, left = (corners[draw] for draw in draws.tolist())
        x = images.finish(images.read(rows, mirrored), None)
        x = nn.functional.pad(x, (len(corners) // 2,) * 4, value=-1.0)
        _, logits = net(x[:, :, top : top + side, left : left + side])
        loss = nn.functional.cross_entropy(logits, images.labels[rows], label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return net.eval()


@torch.no_grad()
def accuracy(net: nn.Module, images: ImageSet) -> float:
    """The fraction of ``images`` that ``net`` classifies correctly."""
    right = 0
    for rows in torch.arange(len(images)).split(500):
        right += int((net(images.batch(rows))[1].argmax(1) == images.labels[rows]).sum())
    return right / len(images)


if __name__ == "__main__":
    torch.set_num_threads(1)
    name = sys.argv[1] if len(sys.argv) > 1 else DigitsCnn.NAME
    extractor = named(GREY, name, "features")
    data = load_data(DataSpec(source=RECIPES[name].source))
    net = train(name, data.train)
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else extractor.WEIGHTS
    save_file(net.state_dict(), out)
    print(f"{out}: {accuracy(net, data.heldout):.2%} of the held-out images")
