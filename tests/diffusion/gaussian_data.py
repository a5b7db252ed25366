"""What is known exactly? The best prediction, and velocity, for images that are a Gaussian."""

import numpy as np
import torch

from scaling.study import DiffusionSpec

SPEC = DiffusionSpec()
BETAS = np.linspace(SPEC.beta_start, SPEC.beta_end, SPEC.timesteps)
MEAN, STD = 0.6, 0.3  # of the Gaussian that stands for the data


def normal(*shape, seed=0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def gaussian_eps(process):
    """The best prediction of epsilon for data N(MEAN, STD^2): E[epsilon | x_t]."""

    def predict(x, t):
        a = torch.from_numpy(np.cumprod(1 - BETAS))[t].to(x.dtype).view(-1, 1, 1, 1)
        return (1 - a).sqrt() * (x - a.sqrt() * MEAN) / (a * STD**2 + 1 - a)

    return predict


def gaussian_velocity(x, t):
    """E[epsilon - x_0 | x_t] for the same data."""
    t = t.view(-1, 1, 1, 1)
    a, variance = 1 - t, (1 - t) ** 2 * STD**2 + t**2
    away = x - a * MEAN
    return t * away / variance - (MEAN + a * STD**2 * away / variance)


def moments(x) -> tuple[float, float]:
    return x.mean().item(), x.std().item()
