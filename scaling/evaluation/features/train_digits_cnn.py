"""Where do digits-cnn's weights come from? This script trains them.

It uses the training images only and takes half a minute on one core.

    python -m scaling.evaluation.features.train_digits_cnn [OUT.safetensors]
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from scaling.data import DataSpec, batch_indices, load_data, stream
from scaling.evaluation.features.digits_cnn import WEIGHTS, DigitsCnn

STEPS, BATCH, LR, SEED = 2000, 64, 2e-3, 0


def train(network: Callable[[], nn.Module] = DigitsCnn) -> nn.Module:
    """A classifier ``network`` trained on the training digits, each shifted by up to one pixel.

    Every run gives the same weights.
    """
    images = load_data(DataSpec(source="digits")).train
    torch.manual_seed(SEED)
    net = network()
    optimiser = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for step in range(STEPS):
        rows = batch_indices(len(images), BATCH, SEED, step)
        down, right = torch.randint(-1, 2, (2,), generator=stream("shift", SEED, step)).tolist()
        x = torch.roll(
            torch.nn.functional.pad(images.images[rows], (1, 1, 1, 1), value=-1.0),
            (down, right),
            (2, 3),
        )
        _, logits = net(x[:, :, 1:-1, 1:-1])
        loss = torch.nn.functional.cross_entropy(logits, images.labels[rows], label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return net.eval()


@torch.no_grad()
def accuracy(net: nn.Module, subset: str = "heldout") -> float:
    """The fraction of ``subset``'s images that ``net`` classifies correctly."""
    images = load_data(DataSpec(source="digits")).subset(subset)
    return float((net(images.images)[1].argmax(1) == images.labels).float().mean())


if __name__ == "__main__":
    torch.set_num_threads(1)
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS
    net = train()
    save_file(net.state_dict(), out)
    print(
        f"{out}: {accuracy(net, 'train'):.2%} of the training images, {accuracy(net):.2%} of the "
        "held-out ones"
    )
