"""Where do the weights of fashion-cnn and fashion-mixer come from? This script trains them.

It uses Fashion-MNIST's training images only and takes some minutes a network on one core.

    python -m scaling.evaluation.features.fashion.train cnn|mixer [OUT.safetensors]
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from scaling.data import DataSpec, batch_indices, load_data, stream
from scaling.data.images import ImageSet, from_uint8
from scaling.evaluation.features.fashion.cnn import FashionCnnExtractor
from scaling.evaluation.features.fashion.mixer import FashionMixerExtractor
from scaling.evaluation.features.grey import GreyExtractor

TRAINED: dict[str, type[GreyExtractor]] = {
    "cnn": FashionCnnExtractor,
    "mixer": FashionMixerExtractor,
}
DATA = DataSpec(source="fashion-mnist")
BATCH, SEED = 128, 0
STEPS, LR = {"cnn": 3600, "mixer": 1800}, {"cnn": 1e-2, "mixer": 3e-3}
SHIFT = 2  # pixels, at most, in each direction


def train(kind: str, images: ImageSet, steps: int | None = None) -> nn.Module:
    """The classifier ``kind`` trained on ``images``, uint8 (N, 1, 28, 28), shifted and mirrored.

    ``steps`` replaces those of STEPS. Every run gives the same weights. ValueError for another
    kind.
    """
    if kind not in TRAINED:
        raise ValueError(f"no network {kind!r} is trained here; there are {', '.join(TRAINED)}")
    steps, rate = steps or STEPS[kind], LR[kind]
    torch.manual_seed(SEED)
    net = TRAINED[kind].NET()
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    side = TRAINED[kind].SIDE
    for step in range(steps):
        rows = batch_indices(len(images), BATCH, SEED, step)
        mirrored = torch.rand(len(rows), generator=stream("mirror", SEED, step)) < 0.5
        drawn = torch.randint(0, 2 * SHIFT + 1, (2,), generator=stream("shift", SEED, step))
        down, right = drawn.tolist()
        x = from_uint8(images.read(rows, mirrored))
        x = nn.functional.pad(x, (SHIFT,) * 4, value=-1.0)
        _, logits = net(x[:, :, down : down + side, right : right + side])
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
    kind = sys.argv[1] if len(sys.argv) > 1 else ""
    data = load_data(DATA)
    net = train(kind, data.train)
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else TRAINED[kind].WEIGHTS
    save_file(net.state_dict(), out)
    print(f"{out}: {accuracy(net, data.heldout):.2%} of the held-out images")
