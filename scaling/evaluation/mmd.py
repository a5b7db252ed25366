"""How far apart are two sets of features by a kernel? KID, CMMD, and the sampling error of any such
distance.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

SIGMA, SCALE = 10.0, 1000.0  # of CMMD (Jayasumana et al., arXiv 2401.09603, sections 3.1 and 4)
BLOCK = 2048  # rows at a time
ERROR_ROWS = 1000  # of each set, behind an error

Kernel = Callable[[Tensor, Tensor], Tensor]  # (n, D), (m, D) -> (n, m)


def rbf(x: Tensor, y: Tensor) -> Tensor:
    return torch.exp(-torch.cdist(x, y).square() / (2 * SIGMA**2))


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """KID's kernel (Binkowski et al., arXiv 1801.01401)."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def kid(samples: Tensor, reference: Tensor, subsets: int, size: int) -> tuple[float, float]:
    """Mean and spread of the unbiased squared MMD over random subsets of ``size`` rows of (N, D)
    and (M, D).

    torch-fidelity's number from torch-fidelity's subsets; its powers in numpy take longer than all
    other metrics. Where subsets overlap so much that all pairs are fewer than theirs, every pair's
    kernel is taken once.
    """
    rng = np.random.RandomState(0)
    picks = [
        [
            torch.from_numpy(rng.choice(len(rows), size, replace=False))
            for rows in (samples, reference)
        ]
        for _ in range(subsets)
    ]
    if max(len(samples), len(reference)) ** 2 > subsets * size**2:
        found = torch.cat(
            [
                _kids(samples[x], reference[y], torch.ones(1, size), torch.ones(1, size))
                for x, y in picks
            ]
        )
    else:
        x, y = (
            torch.stack([torch.zeros(len(rows)).index_fill(0, pick, 1) for pick in picked])
            for rows, picked in zip((samples, reference), zip(*picks))
        )
        found = _kids(samples, reference, x, y)
    return float(found.mean()), float(found.std(correction=0))


def _kids(samples: Tensor, reference: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """KID of each choice (K, N), (K, M) of rows, 1 where a row is in it and 0 where not: (K,), in
    float64.
    """
    x, y, size = x.double(), y.double(), int(x[0].sum())

    def total(a: Tensor, b: Tensor, of_a: Tensor, of_b: Tensor) -> Tensor:
        parts = [
            ((of_a[:, at] @ cubic(a[at], b).double()) * of_b).sum(1)
            for at in torch.arange(len(a)).split(BLOCK)
        ]
        return torch.stack(parts).sum(0)

    def within(a: Tensor, of_a: Tensor) -> Tensor:
        own = (a.square().sum(1) / a.shape[1] + 1) ** 3
        return (total(a, a, of_a, of_a) - of_a @ own.double()) / (size * (size - 1))

    return within(samples, x) + within(reference, y) - 2 * total(samples, reference, x, y) / size**2


def cmmd(samples: Tensor, reference: Tensor) -> float:
    """1000 x the squared MMD of CLIP embeddings (N, D), (M, D) at length 1, minimum-variance
    estimator as the authors'.
    """
    samples, reference = unit(samples), unit(reference)

    def mean(x: Tensor, y: Tensor) -> float:
        return sum(float(rbf(a, b).sum()) for a in x.split(BLOCK) for b in y.split(BLOCK)) / (
            len(x) * len(y)
        )

    return SCALE * (
        mean(samples, samples) + mean(reference, reference) - 2 * mean(samples, reference)
    )


def unit(rows: Tensor) -> Tensor:
    """Rows at length 1, float64: the difference of near-equal means needs the digits."""
    return torch.nn.functional.normalize(rows.double(), dim=1)


def mmd_error(samples: Tensor, reference: Tensor, kernel: Kernel, count: int) -> float:
    """The standard error of a squared MMD from drawing ``count`` other samples: the spread of each
    one's influence.
    """
    x, y = (rows[:ERROR_ROWS].double() for rows in (samples, reference))
    own = kernel(x, x)
    own = (own.sum(1) - own.diagonal()) / (len(x) - 1)
    return float((2 * (own - kernel(x, y).mean(1))).std() / count**0.5)
