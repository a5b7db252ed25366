"""Which loss compares models? The loss on held-out images with fixed noise and stratified, fixed timesteps.

Nothing here depends on the trial's seed: every model of a study meets the same noise at the same timesteps
(torchtitan's validation RFC: "validation with a fixed timestep and fixed data is crucial").
"""

import torch
from torch import nn

from scaling.data import Images, stream
from scaling.diffusion import GaussianDiffusion

PASSES = 4   # each image is noised this often, at timesteps from different strata
BATCH = 512  # images per forward pass; bounds memory and does not change the result beyond rounding


@torch.no_grad()
def heldout_loss(model: nn.Module, process: GaussianDiffusion, images: Images) -> dict[str, float]:
    """Mean ``loss`` and ``mse`` (epsilon) over PASSES x N noised held-out images, labels given, in one fixed draw."""
    total = PASSES * len(images)
    # One timestep in the middle of each of `total` equal strata, dealt to images by a fixed shuffle.
    strata = (torch.arange(total, dtype=torch.float64) + 0.5) * len(process) / total
    index = strata.long()[torch.randperm(total, generator=stream("heldout-timesteps"))]
    noise = torch.randn(total, *images.shape, generator=stream("heldout-noise"))
    device = next(model.parameters()).device
    sums: dict[str, float] = {}
    for start in range(0, total, BATCH):
        rows = torch.arange(start, min(start + BATCH, total))
        x0, y = images.batch(rows % len(images)).to(device), images.labels[rows % len(images)].to(device)
        i, z = index[rows].to(device), noise[rows].to(device)
        x_t = process.q_sample(x0, i, z)
        losses = process.losses(model(x_t, i, y), x0, x_t, i, z)
        for name in ("loss", "mse"):
            sums[name] = sums.get(name, 0.0) + float(losses[name].double().sum())
    return {name: value / total for name, value in sums.items()}
