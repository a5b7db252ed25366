"""Which loss compares models? The loss on held-out images with fixed noise and fixed times.

The times are stratified. Nothing here depends on the trial's seed, so every model of a study sees
the same noise at the same times (torchtitan's validation RFC: "validation with a fixed timestep and
fixed data is crucial").
"""

import torch
from torch import nn

from scaling.data import Images, stream
from scaling.diffusion import Process
from scaling.training.workers import Workers

PASSES = 4  # how often each image is noised, at times from different strata
BATCH = 512  # images per forward pass; bounds memory and changes the result only by rounding
BINS = 10  # equal parts of the schedule, from image to noise, that have losses of their own
NOT_MEASURED = {"heldout_loss": None, "heldout_mse": None, "heldout_bins": None}


@torch.no_grad()
def heldout_loss(
    model: nn.Module,
    process: Process,
    images: Images,
    device: torch.device | str = "cpu",
    workers: Workers | None = None,
) -> dict[str, float | list[float] | None]:
    """Unweighted means over PASSES x N noised held-out images with labels, in one fixed draw.

    ``heldout_loss`` is the objective, ``heldout_mse`` the error of what is predicted, and
    ``heldout_bins`` the objective in each of BINS parts of the schedule. All are None if any is not
    finite.
    """
    workers = workers or Workers()
    total = PASSES * len(images)
    # The midpoints of `total` equal strata, assigned to images by a fixed shuffle.
    dealt = torch.randperm(total, generator=stream("heldout-timesteps"))
    times = process.at_fraction((torch.arange(total, dtype=torch.float64) + 0.5) / total)[dealt]
    noise = stream("heldout-noise")
    bins = dealt * BINS // total
    sums, by_bin = torch.zeros(2, dtype=torch.float64), torch.zeros(BINS, dtype=torch.float64)
    for start in range(0, total, BATCH):
        count = min(BATCH, total - start)
        z = torch.randn(count, *images.shape, generator=noise)
        part = workers.part(count)
        # This worker has no images left, but the others may need its forward pass.
        spare = part.start == part.stop
        part = slice(0, 1) if spare else part
        rows, z = torch.arange(start, start + count)[part], z[part].to(device)
        x0, y = (
            images.batch(rows % len(images)).to(device),
            images.labels[rows % len(images)].to(device),
        )
        t = times[rows].to(device)
        x_t = process.q_sample(x0, t, z)
        losses = process.losses(model(x_t, process.told(t), y), x0, x_t, t, z)
        if not spare:
            each = losses["loss"].double().cpu()
            sums += torch.stack((each.sum(), losses["mse"].double().cpu().sum()))
            by_bin.index_add_(0, bins[rows], each)
    sums, by_bin = workers.sum(sums.to(device)).cpu(), workers.sum(by_bin.to(device)).cpu()
    by_bin /= torch.bincount(bins, minlength=BINS)
    if not by_bin.isfinite().all():
        return NOT_MEASURED
    loss, mse = (sums / total).tolist()
    return {"heldout_loss": loss, "heldout_mse": mse, "heldout_bins": by_bin.tolist()}
