"""What is kept of images after feature extraction? Moments, and a bounded number of rows.

All metrics of an extractor share one pass over the images. Apart from those rows, memory does not
grow with the number of images.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from scaling.evaluation.features.extractors import features_of
from scaling.evaluation.metrics.frechet import Gaussian, Moments

BATCH = 256
HELD = 50_000  # rows kept for KID, CMMD, precision and recall, as many as ADM compares
INFLUENCE = 10_000  # rows kept for the error of a Fréchet distance, from their influences


@dataclass(frozen=True)
class Need:
    """What a metric needs of one layer.

    ``moments``: mean and covariance. ``halves``: those of two random halves too. ``rows``: how many
    rows of features, None for all.
    """

    moments: bool = False
    halves: bool = False
    rows: int | None = 0

    def __or__(self, other: "Need") -> "Need":
        rows = None if None in (self.rows, other.rows) else max(self.rows, other.rows)
        return Need(self.moments or other.moments, self.halves or other.halves, rows)


@dataclass(frozen=True)
class Kept:
    """What was kept of one layer."""

    gaussian: Gaussian | None
    halves: tuple[Gaussian, Gaussian] | None
    rows: Tensor  # (n, D) float32; a random choice unless all were asked for


def collect(
    batches: Iterable[Tensor], count: int, extractor: str, needs: dict[str, Need]
) -> dict[str, Kept]:
    """What each layer of ``needs`` keeps, from one pass over ``count`` images.

    ``batches`` are uint8 (B, C, H, W).
    """
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    rank = torch.empty_like(order)
    # image i is among the first n of a random order if rank[i] < n
    rank[order] = torch.arange(count)
    moments: dict[tuple[str, int], Moments] = {}
    rows: dict[str, list[Tensor]] = {layer: [] for layer in needs}
    start = 0
    for images in batches:
        ranks = rank[start : start + len(images)]
        start += len(images)
        for layer, features in features_of(images, extractor, tuple(needs)).items():
            need = needs[layer]
            if need.halves:
                for half, chosen in enumerate((ranks < count // 2, ranks >= count // 2)):
                    if chosen.any():
                        _moments(moments, (layer, half), features).add(features[chosen])
            elif need.moments:
                _moments(moments, (layer, 0), features).add(features)
            rows[layer].append(features if need.rows is None else features[ranks < need.rows])
    kept = {}
    for layer, need in needs.items():
        halves = [moments[layer, half] for half in (0, 1) if (layer, half) in moments]
        whole = halves[0] if len(halves) == 1 else halves[0] + halves[1] if halves else None
        kept[layer] = Kept(
            whole.gaussian if whole else None,
            tuple(half.gaussian for half in halves) if need.halves and len(halves) == 2 else None,
            torch.cat(rows[layer]),
        )
    return kept


def _moments(moments: dict, key: tuple[str, int], features: Tensor) -> Moments:
    """The moments under ``key``, begun with the dimension of ``features`` (B, D) if new."""
    if key not in moments:
        moments[key] = Moments(features.shape[1])
    return moments[key]


def batches_of(read: Callable[[Tensor], Tensor], rows: Tensor) -> Iterable[Tensor]:
    """The results of ``read`` for ``rows``, BATCH rows at a time."""
    return (read(part) for part in rows.split(BATCH))
