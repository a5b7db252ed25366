"""How good are samples in several feature spaces at once? FDr, a mean of ratios.

FDr^k (arXiv 2604.28190): the mean over k feature spaces of FD(samples, train) over
FD(held-out, train), of as many held-out images as samples. 1 is as near to the training images as
held-out images are. A model can be made good in one space (FID from 3.31 to 0.81 while FDr^6 went
from 13.70 to 10.81), not so easily in all.
"""

import functools
import statistics
from dataclasses import dataclass

import torch
from torch import Tensor

from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.collect import INFLUENCE, Kept
from scaling.evaluation.metrics.frechet import (
    Gaussian,
    Moments,
    error_of,
    frechet_distance,
    frechet_error,
    frechet_influence,
)

PARTS = 20  # sets of held-out images, at most


@dataclass(frozen=True)
class Space:
    """Samples and both sets of real images as one extractor sees them."""

    features: str
    layer: str
    kept: Kept  # of the samples
    reference: Reference  # what the samples are compared with
    other: Reference | None  # real images that the samples are not compared with


@functools.lru_cache(maxsize=16)
def real_distance(
    other: Reference, reference: Reference, layer: str, count: int
) -> tuple[float, float | None]:
    """The FD of ``count`` images of ``other`` from ``reference``, and its standard error.

    A mean over as many disjoint sets of ``count`` images as ``other`` has, PARTS at most: a
    distance is biased upward by few images, and this one equally as that of ``count`` samples. It
    is the same for every model of a study.
    """
    theirs, rows = reference.gaussian(layer), other.rows(layer)
    if count >= len(rows):
        ours = other.gaussian(layer)
        return frechet_distance(ours, theirs), frechet_error(rows[:INFLUENCE], ours, theirs)
    shuffled = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))]
    parts = shuffled[: len(rows) // count * count].split(count)[:PARTS]
    found = [_gaussian(part) for part in parts]
    distances = [frechet_distance(ours, theirs) for ours in found]
    if len(parts) == 1:
        return distances[0], frechet_error(parts[0], found[0], theirs)
    return statistics.fmean(distances), statistics.stdev(distances) / len(distances) ** 0.5


def _gaussian(rows: Tensor) -> Gaussian:
    moments = Moments(rows.shape[1])
    moments.add(rows)
    return moments.gaussian


def fdr(spaces: tuple[Space, ...]) -> dict:
    """Value and se of FDr, and its ``parts``: one per space, with both distances and errors.

    ``se`` is over other samples of the model. The same samples are seen in every space, so their
    influences are added up before their spread is taken. The distance between the real images
    belongs to the data; its own error is in the parts.
    """
    parts, influences = [], []
    for space in spaces:
        if space.other is None:
            return {"why": f"the reference {space.reference.file} is not one of two sets of images"}
        ours, theirs = space.kept.gaussian, space.reference.gaussian(space.layer)
        real, real_se = real_distance(space.other, space.reference, space.layer, ours.count)
        if not real > 0:
            return {"why": f"{space.features} sees train and held-out images alike: FD {real:g}"}
        influence = frechet_influence(space.kept.rows, ours, theirs)
        influences.append(None if influence is None else influence / real)
        distance = frechet_distance(ours, theirs)
        parts.append(
            {
                "features": space.features,
                "fd": distance,
                "se": None if influence is None else error_of(influence, ours.count),
                "real": real,
                "real_se": real_se,
                "ratio": distance / real,
            }
        )
    return {
        "value": sum(part["ratio"] for part in parts) / len(parts),
        "se": _error(influences, spaces[0].kept.gaussian.count),
        "parts": parts,
    }


def _error(influences: list, count: int) -> float | None:
    """The standard error of the mean; None where that of a space is not known."""
    if any(influence is None for influence in influences):
        return None
    if len({len(influence) for influence in influences}) == 1:
        return error_of(sum(influences) / len(influences), count)
    # Rows of spaces that kept differently many are of different samples: as if they went together.
    errors = [error_of(influence, count) for influence in influences]
    return None if None in errors else sum(errors) / len(errors)
