"""Are a file's mean and covariance those of features, and of the images beside them?

Checked are shape, width, numbers, symmetry, eigenvalues and, where the file holds images too, that
these could have such a mean and spread.
"""

from pathlib import Path

import numpy as np
import torch

from scaling.evaluation.metrics.frechet import Gaussian

# The largest mean variance of a feature: with 2,048 of them the FID to photos would be 1e5 and
# more, and that of the worst images is some hundreds.
WIDEST = {"inception": 100.0}
# relative to the largest entry or eigenvalue; float32 files of 2,048 features are within a tenth
SYMMETRIC, NEGATIVE = 1e-4, 1e-4
# Of images beside the statistics: how far their mean may lie off, squared, as a share of the trace,
# besides 25 times what chance gives; how much their trace may differ, as a factor.
MEAN_OFF, CHANCE, TRACE_OFF = 0.02, 25.0, 2.0
FEWEST = 32  # images from which a trace is judged


def checked_gaussian(
    path: Path, arrays: dict[str, np.ndarray], suffix: str, dimension: int, extractor: str
) -> Gaussian:
    """The Gaussian of mu and sigma with the ``suffix``, under ``extractor``'s ``dimension``.

    Its count is None, or of a singular covariance the most images that it can be of. ValueError, in
    one line, for what is no mean and covariance of these features.
    """
    mu, sigma = f"mu{suffix}", f"sigma{suffix}"
    again = f"{path}: compute it again, by scaling evaluate IMAGES --write-reference FILE.npz"
    for name in (mu, sigma):
        if arrays[name].dtype.kind not in "fiu":
            raise ValueError(f"{name} is {arrays[name].dtype}, no real numbers, in {again}")
    mean, cov = (torch.from_numpy(arrays[n].astype(np.float64)) for n in (mu, sigma))
    if mean.ndim != 1 or cov.shape != (len(mean), len(mean)):
        raise ValueError(
            f"{mu} is {tuple(mean.shape)} and {sigma} {tuple(cov.shape)}, not (D,) and (D, D), in "
            f"{again}"
        )
    if len(mean) != dimension:
        raise ValueError(
            f"the reference file {path} holds statistics of {len(mean)} features, but "
            f"{extractor!r} has {dimension}: it was made with another extractor; ADM's files are "
            "for 'inception'"
        )
    odd = int((~mean.isfinite()).sum()), int((~cov.isfinite()).sum())
    if any(odd):
        raise ValueError(
            f"{odd[0]} numbers of {mu} and {odd[1]} of {sigma} are not finite in {again}"
        )
    largest = float(cov.abs().max())
    off = float((cov - cov.T).abs().max())
    if off > SYMMETRIC * largest:
        raise ValueError(f"{sigma} is not symmetric, by up to {off:.3g}, in {again}")
    cov = (cov + cov.T) / 2
    values, vectors = torch.linalg.eigh(cov)
    if values[0] < -NEGATIVE * values[-1].abs():
        raise ValueError(
            f"{sigma} is no covariance: its eigenvalues go from {float(values[0]):.3g} to "
            f"{float(values[-1]):.3g}, in {again}"
        )
    if values[-1] <= 0:
        raise ValueError(f"{sigma} is zero, as of one image or copies of it, in {again}")
    spread = float(cov.trace()) / dimension
    if spread > WIDEST.get(extractor, float("inf")):
        raise ValueError(
            f"{sigma} is no covariance of {extractor!r}: its features' variances are {spread:.3g} "
            f"in the mean, and those of images are below {WIDEST[extractor]:g}; was the sum of "
            f"squares not divided by the number of images? It is in {again}"
        )
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return Gaussian(mean, cov, _most_images(values, cov), root)


def _most_images(values: torch.Tensor, cov: torch.Tensor) -> int | None:
    """How many images a singular covariance can be of; None if it spans the features that vary."""
    tiny = float(values[-1]) * len(values) * torch.finfo(torch.float64).eps
    rank, varying = int((values > tiny).sum()), int((cov.diagonal() > tiny).sum())
    return rank + 1 if rank < 0.99 * varying else None


def check_beside(path: Path, stored: Gaussian, computed: Gaussian) -> None:
    """Refuse statistics ``stored`` that the images of the same file, ``computed``, cannot have.

    The images may be some of those that the statistics are of, as in ADM's files.
    """
    gap = float((stored.mean - computed.mean).square().sum())
    trace, its = float(stored.cov.trace()), float(computed.cov.trace())
    allowed = (CHANCE / computed.count + MEAN_OFF) * max(trace, its)
    spread = computed.count >= FEWEST and max(trace, its) > TRACE_OFF * min(trace, its)
    if gap > allowed or spread:
        raise ValueError(
            f"{path} contradicts itself: the mean of its images (arr_0) is {gap**0.5:.3g} away "
            f"from mu, where {allowed**0.5:.3g} could be, and their variances add to {its:.3g} "
            f"where sigma's are {trace:.3g}; leave out mu and sigma or arr_0, whichever is wrong"
        )
