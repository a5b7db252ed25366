"""How far apart are two Gaussians, and how precisely is that known?

Moments are collected batch by batch. The reference's square root is kept, so a comparison needs the
eigenvalues of one symmetric matrix; the product of two covariances is not symmetric. Everything is
in float64.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

BLOCK = 256  # rows of a product of covariances computed at a time


class Moments:
    """Mean and covariance of rows (N, D), added batch by batch, in memory of D x D.

    Two can be added.
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

    def _join(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        # the pairwise update of Chan, Golub and LeVeque 1979
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
    """Mean (D,), covariance (D, D), and the number of images, None if a file does not say."""

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


def _lower_triangle(root: Tensor, cov: Tensor) -> Tensor:
    """root cov root, of which only the lower triangle is guaranteed to be filled.

    torch's symmetric eigenvalues read no more than that.
    """
    half, product = root @ cov, torch.zeros_like(cov)
    for rows in torch.arange(len(cov)).split(BLOCK):
        start, stop = int(rows[0]), int(rows[-1]) + 1
        product[start:stop, :stop] = half[start:stop] @ root[:, :stop]
    return product


def frechet_distance(a: Gaussian, reference: Gaussian) -> float:
    """m1 - m2|^2 + tr(S1 + S2 - 2 (S2^1/2 S1 S2^1/2)^1/2), at least 0.

    Source: Heusel et al., arXiv 1706.08500, equation 6.
    """
    values = torch.linalg.eigvalsh(_lower_triangle(reference.root, a.cov))
    gap = a.mean - reference.mean
    distance = float(
        gap @ gap + a.cov.trace() + reference.cov.trace() - 2 * values.clamp(min=0).sqrt().sum()
    )
    # Rounding can make the distance of equals negative. In this order of arguments NaN stays NaN.
    return max(distance, 0.0)


def frechet_error(rows: Tensor, a: Gaussian, reference: Gaussian, per: int = 1) -> float | None:
    """The standard error of ``frechet_distance`` over other draws of ``a.count`` samples.

    ``per`` rows that follow each other are of one sample, such as the frames of a clip, and ``a``
    counts rows.

    The reference is fixed. This is the infinitesimal jackknife: the spread of each sample's
    influence, over (N, D) ``rows`` of them, divided by the root of the count. Unlike a bootstrap,
    it does not double the bias. None if the covariance is singular, because the influences mean
    nothing then.
    """
    influence = frechet_influence(rows, a, reference)
    if influence is None:
        return None
    return error_of(influence.view(-1, per).mean(1), a.count // per)


def error_of(influence: Tensor, count: int) -> float | None:
    """The standard error of a value by the influence (N,) of each of ``count`` samples on it."""
    error = float(influence.std() / count**0.5)
    return error if math.isfinite(error) else None  # no direction that both vary in


def frechet_influence(rows: Tensor, a: Gaussian, reference: Gaussian) -> Tensor | None:
    """How far each of ``rows`` (N, D), samples of ``a``, moves the distance: (N,), or None if the
    covariance of ``a`` is singular.
    """
    if a.count <= len(a.mean):
        return None
    values, vectors = torch.linalg.eigh(_lower_triangle(reference.root, a.cov))
    scale = values.clamp(min=float(values[-1]) * 1e-14).rsqrt()
    half = reference.root @ vectors
    slope = torch.eye(len(a.mean), dtype=torch.float64) - (half * scale) @ half.T  # dFD / dS1
    centred = rows.double() - a.mean
    return 2 * centred @ (a.mean - reference.mean) + ((centred @ slope) * centred).sum(1)


def frechet_at_infinity(
    halves: tuple[Gaussian, Gaussian], whole: Gaussian, reference: Gaussian
) -> float:
    """The distance extrapolated to infinitely many samples; it may be below 0.

    The bias falls as 1 / N, so this is twice the distance of all samples minus the mean of those of
    two disjoint halves (Chong and Forsyth, arXiv 1911.07023, at two counts).
    """
    return (
        2 * frechet_distance(whole, reference)
        - sum(frechet_distance(half, reference) for half in halves) / 2
    )


def frechet_result(ours: Gaussian, real: Gaussian, rows: Tensor | None, per: int = 1) -> dict:
    """Value, se and warning of a Fréchet distance.

    ``rows`` are features of ``ours``, ``per`` of them of each sample, from which the se is
    computed; without them it is null.
    """
    few = [
        f"{count} {what}"
        for count, what in ((ours.count, "samples"), (real.count, "reference images"))
        if count is not None and count <= len(ours.mean)
    ]
    warning = (
        f"{' and '.join(few)} do not span {len(ours.mean)} features: biased upward, its error "
        "unknown"
        if few
        else None
    )
    return {
        "value": frechet_distance(ours, real),
        "se": None if rows is None else frechet_error(rows, ours, real, per),
        "warning": warning,
    }
