"""What is kept of images after feature extraction? Moments, and a bounded number of rows.

All metrics of all extractors share one pass over the images. Apart from those rows, memory does not
grow with the number of images.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from scaling.evaluation.metrics.clips import seen
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
    per: int = 1  # rows a sample: the frames of a clip follow each other, and none lacks one


def collect(
    batches: Iterable[Tensor], count: int, extractor: str, needs: dict[str, Need]
) -> dict[str, Kept]:
    """What each layer of ``needs`` keeps under one extractor, as ``collect_all``."""
    return collect_all(batches, count, {extractor: needs})[extractor]


def collect_all(
    batches: Iterable[Tensor], count: int, needs: dict[str, dict[str, Need]]
) -> dict[str, dict[str, Kept]]:
    """What each layer of each extractor in ``needs`` keeps, from one pass over ``count`` images.

    ``batches`` are uint8 (B, C, H, W), or (B, C, F, H, W) of clips, whose frames are F rows of a
    layer and one of a ``stacked`` one.
    """
    passes = {extractor: _Pass(layers) for extractor, layers in needs.items()}
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    rank = torch.empty_like(order)
    # image i is among the first n of a random order if rank[i] < n
    rank[order] = torch.arange(count)
    start = 0
    for images in batches:
        ranks = rank[start : start + len(images)]
        start += len(images)
        for extractor, its in passes.items():
            for layer, features in seen(images, extractor, tuple(its.needs)).items():
                its.add(layer, features, ranks, count)
    return {extractor: its.kept() for extractor, its in passes.items()}


class _Pass:
    """What one extractor has kept so far."""

    def __init__(self, needs: dict[str, Need]):
        self.needs = needs
        self._moments: dict[tuple[str, int], Moments] = {}
        self._rows: dict[str, list[Tensor]] = {layer: [] for layer in needs}
        self._per: dict[str, int] = {}  # rows a sample

    def add(self, layer: str, features: Tensor, ranks: Tensor, count: int) -> None:
        """Add a batch's ``features`` (B, D), of ``ranks`` (B,) in the order of ``count`` images.

        Of clips there are more, in the order of the samples and their frames.
        """
        need, per = self.needs[layer], len(features) // len(ranks)
        self._per[layer], ranks = per, ranks.repeat_interleave(per)
        if need.halves:
            for half, chosen in enumerate((ranks < count // 2, ranks >= count // 2)):
                if chosen.any():
                    self._of((layer, half), features).add(features[chosen])
        elif need.moments:
            self._of((layer, 0), features).add(features)
        self._rows[layer].append(
            features if need.rows is None else features[ranks < need.rows // per]
        )

    def _of(self, key: tuple[str, int], features: Tensor) -> Moments:
        """The moments under ``key``, begun with the dimension of ``features`` (B, D) if new."""
        if key not in self._moments:
            self._moments[key] = Moments(features.shape[1])
        return self._moments[key]

    def kept(self) -> dict[str, Kept]:
        kept = {}
        for layer, need in self.needs.items():
            halves = [self._moments[layer, h] for h in (0, 1) if (layer, h) in self._moments]
            whole = halves[0] if len(halves) == 1 else halves[0] + halves[1] if halves else None
            both = need.halves and len(halves) == 2
            kept[layer] = Kept(
                whole.gaussian if whole else None,
                tuple(half.gaussian for half in halves) if both else None,
                torch.cat(self._rows[layer]),
                self._per[layer],
            )
        return kept


def batches_of(read: Callable[[Tensor], Tensor], rows: Tensor) -> Iterable[Tensor]:
    """The results of ``read`` for ``rows``, BATCH rows at a time."""
    return (read(part) for part in rows.split(BATCH))
