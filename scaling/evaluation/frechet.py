"""How far apart are two Gaussians, and how surely? Moments a batch at a time, the distance, its
sampling error.

The reference's square root is kept, so a comparison takes the eigenvalues of one symmetric matrix,
where the product of two covariances has none of its symmetry. All in float64.
"""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

BLOCK = 256  # rows of a product of covariances at a time


class Moments:
    """Mean and covariance of rows (N, D) that come a batch at a time, in memory of D x D; two can
    be added.
    """

    def __init__(self, dimension: int):
        self.count = 0
        self.mean = torch.zeros(dimension, dtype=torch.float64)
        self.scatter = torch.zeros(dimension, dimension, dtype=torch.float64)

    def add(self, rows: Tensor) -> None:
        rows = rows.double()
        mean = rows.mean(0)
        centred = rows - mean
        self._join(len(rows), mean, centred.T @ centred)

    def __add__(self, other: "Moments") -> "Moments":
        total = Moments(len(self.mean))
        for part in (self, other):
            if part.count:
                total._join(part.count, part.mean, part.scatter)
        return total

    # Chan, Golub and LeVeque 1979
    def _join(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        total = self.count + count
        gap = mean - self.mean
        self.scatter += scatter
        self.scatter.addr_(gap, gap, alpha=self.count * count / total)
        self.mean += gap * (count / total)
        self.count = total

    @property
    def gaussian(self) -> "Gaussian":
        return Gaussian(self.mean.clone(), self.scatter / (self.count - 1), self.count)


@dataclass(frozen=True)
class Gaussian:
    """Mean (D,), covariance (D, D), and of how many images: None where a file does not say."""

    mean: Tensor
    cov: Tensor
    count: int | None = None
    known_root: Tensor | None = field(default=None, repr=False)

    @cached_property
    def root(self) -> Tensor:
        """The symmetric square root of the covariance."""
        if self.known_root is not None:
            return self.known_root
        values, vectors = torch.linalg.eigh(self.cov)
        return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def _lower(root: Tensor, cov: Tensor) -> Tensor:
    """The lower triangle of root cov root, a little more: symmetric eigenvalues are read from no
    more.
    """
    half, found = root @ cov, torch.zeros_like(cov)
    for rows in torch.arange(len(cov)).split(BLOCK):
        start, stop = int(rows[0]), int(rows[-1]) + 1
        found[start:stop, :stop] = half[start:stop] @ root[:, :stop]
    return found


def frechet_distance(a: Gaussian, reference: Gaussian) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S2^1/2 S1 S2^1/2)^1/2) (Heusel et al., arXiv 1706.08500,
    equation 6); 0 or more.
    """
    values = torch.linalg.eigvalsh(_lower(reference.root, a.cov))
    gap = a.mean - reference.mean
    found = float(
        gap @ gap + a.cov.trace() + reference.cov.trace() - 2 * values.clamp(min=0).sqrt().sum()
    )
    # rounding takes the distance of equals below it; in this order NaN stays NaN
    return max(found, 0.0)


def frechet_error(rows: Tensor, a: Gaussian, reference: Gaussian) -> float | None:
    """The standard error of ``frechet_distance`` from drawing ``a.count`` other samples, the
    reference fixed.

    The infinitesimal jackknife: the spread of each sample's influence, (N, D) ``rows`` of them,
    over the root of the count. It has no part of the bias that a bootstrap doubles. None where the
    covariance is singular: it tells nothing then.
    """
    if a.count <= len(a.mean):
        return None
    values, vectors = torch.linalg.eigh(_lower(reference.root, a.cov))
    scale = values.clamp(min=float(values[-1]) * 1e-14).rsqrt()
    half = reference.root @ vectors
    slope = torch.eye(len(a.mean), dtype=torch.float64) - (half * scale) @ half.T  # dFD / dS1
    centred = rows.double() - a.mean
    influence = 2 * centred @ (a.mean - reference.mean) + ((centred @ slope) * centred).sum(1)
    return float(influence.std() / a.count**0.5)


def frechet_at_infinity(
    halves: tuple[Gaussian, Gaussian], whole: Gaussian, reference: Gaussian
) -> float:
    """The distance extrapolated to infinitely many samples: its bias falls as 1 / N, so it is twice
    that of all samples less the mean of two disjoint halves (Chong and Forsyth, arXiv 1911.07023,
    at two counts). May be below 0.
    """
    return (
        2 * frechet_distance(whole, reference)
        - sum(frechet_distance(half, reference) for half in halves) / 2
    )
