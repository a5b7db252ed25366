"""How far apart are two sets of features by a kernel? KID, CMMD and their sampling error."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

SIGMA, SCALE = 10.0, 1000.0  # CMMD's (Jayasumana et al., arXiv 2401.09603, sections 3.1 and 4)
BLOCK = 2048  # rows computed at a time
ERROR_ROWS = 1000  # rows of each set from which an error is computed

Kernel = Callable[[Tensor, Tensor], Tensor]  # (n, D), (m, D) -> (n, m)


def rbf(x: Tensor, y: Tensor) -> Tensor:
    return torch.exp(-torch.cdist(x, y).square() / (2 * SIGMA**2))


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """KID's kernel (Binkowski et al., arXiv 1801.01401)."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def kid(samples: Tensor, reference: Tensor, subsets: int, size: int) -> tuple[float, float]:
    """Mean and spread of the unbiased squared MMD over random subsets of ``size`` rows.

    ``samples`` is (N, D), ``reference`` (M, D). The result is torch-fidelity's number from
    torch-fidelity's subsets; its own powers in numpy take longer than all other metrics. If the
    subsets overlap so much that there are fewer pairs in all than in the subsets, each pair's
    kernel is computed only once.
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
        values = torch.cat(
            [
                _kid_of_choices(samples[x], reference[y], torch.ones(1, size), torch.ones(1, size))
                for x, y in picks
            ]
        )
    else:
        x, y = (
            torch.stack([torch.zeros(len(rows)).index_fill(0, pick, 1) for pick in picked])
            for rows, picked in zip((samples, reference), zip(*picks))
        )
        values = _kid_of_choices(samples, reference, x, y)
    return float(values.mean()), float(values.std(correction=0))


def _kid_of_choices(samples: Tensor, reference: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """KID (K,) of each of K choices of rows, in float64.

    ``x`` (K, N) and ``y`` (K, M) are 1 for the rows that a choice contains and 0 for the others.
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
    """1000 x the squared MMD of CLIP embeddings (N, D), (M, D), scaled to length 1.

    The minimum-variance estimator, as in the authors' code.
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
    """Rows scaled to length 1, in float64 because means that are nearly equal are subtracted."""
    return torch.nn.functional.normalize(rows.double(), dim=1)


def mmd_error(
    samples: Tensor, reference: Tensor, kernel: Kernel, count: int, per: int = 1
) -> float:
    """The standard error of a squared MMD over other draws of ``count`` samples.

    It is the spread of each sample's influence, over the root of ``count``. ``per`` rows that
    follow each other are of one sample.
    """
    x, y = (rows[:ERROR_ROWS].double() for rows in (samples, reference))
    own = kernel(x, x)
    own = (own.sum(1) - own.diagonal()) / (len(x) - 1)
    each = 2 * (own - kernel(x, y).mean(1))
    each = each[: len(each) // per * per].view(-1, per).mean(1)
    return float(each.std() / count**0.5)
