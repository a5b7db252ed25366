"""How far apart are two sets of features, direction by direction? MIND.

Monge Inception Distance (Berthet et al., arXiv 2605.06797): 3 D times the squared 2-Wasserstein
distance of the projections onto a line, as a mean over random directions in D dimensions. It needs
no Gaussian, and compares equally many rows of both sets.
"""

import torch
from torch import Tensor

DIRECTIONS, SEED = 1000, 0
AT_ONCE = 100  # directions projected at a time


def mind(samples: Tensor, reference: Tensor) -> tuple[float, float]:
    """MIND of samples (N, D) and reference (M, D), and its standard error over other samples.

    Of the larger set as many rows as the smaller has are used, a random choice that is always the
    same. The error is the infinitesimal jackknife: a sample's influence in one direction is its
    potential in the optimal transport there, the integral of 2 (x - T(x)).
    """
    g = torch.Generator().manual_seed(SEED)
    count, dimension = min(len(samples), len(reference)), samples.shape[1]
    x, y = (rows[torch.randperm(len(rows), generator=g)[:count]] for rows in (samples, reference))
    directions = torch.randn(DIRECTIONS, dimension, generator=g)
    directions = (directions / directions.norm(dim=1, keepdim=True)).double()
    total, influence = 0.0, torch.zeros(count, dtype=torch.float64)
    for some in directions.split(AT_ONCE):
        ours, order = (x.double() @ some.T).sort(0)  # (n, directions)
        gap = ours - (y.double() @ some.T).sort(0).values
        total += float(gap.square().mean(0).sum())
        steps = (gap[1:] + gap[:-1]) * ours.diff(dim=0)  # the trapezoid of 2 (x - T(x))
        potential = torch.cat([torch.zeros_like(gap[:1]), steps.cumsum(0)])
        influence += torch.zeros_like(gap).scatter_(0, order, potential - potential.mean(0)).sum(1)
    scale = 3.0 * dimension / DIRECTIONS
    return scale * total, float(scale * influence.std() / count**0.5)
