"""What are samples compared with? Statistics of real images.

They are computed once per content, extractor and transform, and cached on disk (``records.cache``)
under a hash of everything that decides them, so trials and studies share them. A second process
waits while they are computed. ADM's reference files (arr_0 images, mu, sigma, mu_s, sigma_s) are
used as they are.
"""

import hashlib
import io
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from scaling.evaluation.features.extractors import layers_of
from scaling.evaluation.features.weights import weights_identity
from scaling.evaluation.images.npz import open_npz
from scaling.evaluation.images.real_images import RealImages, npz_images
from scaling.evaluation.metrics.clips import is_stacked
from scaling.evaluation.metrics.collect import HELD, Need, batches_of, collect
from scaling.evaluation.metrics.frechet import Gaussian
from scaling.evaluation.metrics.statistics import check_beside, checked_gaussian
from scaling.records.cache import made_folder
from scaling.records.files import write_bytes
from scaling.study.specs.identity import identity

# what is cached: the arrays' names and dimensions
KINDS = {"rows": {"rows": 2}, "gaussian": {"mean": 1, "cov": 2, "root": 2}}
LOOKED_AT = 256  # images beside a file's statistics that are held against them


def _content_of_statistics(arrays: dict[str, np.ndarray]) -> str:
    sha256 = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha256.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return sha256.hexdigest()[:16]


class Reference:
    """Real images as one extractor sees them.

    Each statistic is computed, or read from the cache, when it is needed.
    """

    def __init__(
        self,
        source: RealImages | Path,
        extractor: str,
        images: int | None = None,
        transform: str = "none",
    ):
        self.extractor, self._held = extractor, {}
        self.stored, self.by, self.file = {}, {}, None
        if isinstance(source, Path):
            self.file = source
            self.stored, pixels, self.by = open_npz(source)
            source = None if pixels is None else npz_images(source.name, pixels)
        self.source = source
        if self.source is not None:
            self.rows_used = self.source.first(images)
            self.key = [
                self.source.content,
                len(self.rows_used),
                extractor,
                weights_identity(extractor),
                transform,
            ]
        else:
            self.key = self._key_of_stored()

    @property
    def name(self) -> str:
        return str(self.file) if self.source is None else self.source.name

    @property
    def frames(self) -> int:
        """Frames of each of the images, 1 but of clips."""
        return 1 if self.source is None else self.source.frames

    @property
    def gaussian_key(self) -> list:
        """What decides ``gaussian``: a file's own statistics where it has some, else the images."""
        return self._key_of_stored() if self.stored else self.key

    def _key_of_stored(self) -> list:
        content = _content_of_statistics(self.stored)
        return [content, self.extractor, weights_identity(self.extractor)]

    @property
    def count(self) -> int | None:
        """How many images; None if a file of statistics does not say."""
        return len(self.rows_used) if self.source is not None else self.by.get("images")

    def gaussian(self, layer: str) -> Gaussian:
        """Mean, covariance and its root under ``layer``.

        ValueError if a file's statistics were made with another extractor.
        """
        if self.stored:
            return self._stored_gaussian(layer)
        if len(self.rows_used) < 2:
            raise ValueError(
                f"the reference {self.source.name} has {len(self.rows_used)} image, which has no "
                "covariance; give more"
            )
        cached = self._cached(layer, "gaussian")
        per = 1 if is_stacked(layer) else self.frames
        return Gaussian(cached["mean"], cached["cov"], per * len(self.rows_used), cached["root"])

    def rows(self, layer: str, count: int = HELD) -> Tensor:
        """Features (n, D) of up to ``count`` images.

        ValueError if a file holds statistics but no images.
        """
        if self.source is None:
            raise ValueError(
                "the reference file holds statistics but no images (arr_0), which kid, cmmd, "
                "precision and recall compare with; ask for fid alone (--protocol metrics=fid), or "
                "give a file with images"
            )
        rows = self._cached(layer, "rows")["rows"]
        if count >= len(rows):
            return rows
        return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:count]]

    def _stored_gaussian(self, layer: str) -> Gaussian:
        if layer not in self._held:
            suffix = "_s" if layer == layers_of(self.extractor).spatial else ""
            if not {f"mu{suffix}", f"sigma{suffix}"} <= self.stored.keys():
                raise ValueError(
                    f"the reference file {self.file} holds no mu{suffix} and sigma{suffix}"
                    + (", which sfid compares with" if suffix else " but one of the two")
                )
            self._refuse_other_features()
            dimension = dimension_of(self.extractor, layer)
            gaussian = checked_gaussian(self.file, self.stored, suffix, dimension, self.extractor)
            if self.source is not None:
                check_beside(self.file, gaussian, self._looked_at(layer))
            if "images" in self.by:
                gaussian = replace(gaussian, count=int(self.by["images"]))
            self._held[layer] = gaussian
        return self._held[layer]

    def _refuse_other_features(self) -> None:
        """Refuse a file of ours that another extractor, or other weights of it, computed."""
        made = (self.by.get("features"), self.by.get("weights"))
        asked = (self.extractor, weights_identity(self.extractor))
        if any(known not in (None, mine) for known, mine in zip(made, asked)):
            raise ValueError(
                f"the reference file {self.file} was made with another extractor, {made[0]} "
                f"(weights {made[1]}), not {asked[0]} ({asked[1]}); set features to that, or "
                "compute it again by --write-reference"
            )

    def _looked_at(self, layer: str) -> Gaussian:
        """The Gaussian of some of the images beside a file's statistics."""
        count = min(LOOKED_AT, self.source.count)
        rows = torch.linspace(0, self.source.count - 1, count).long()
        needs = {layer: Need(moments=True)}
        kept = collect(batches_of(self.source.read, rows), count, self.extractor, needs)
        return kept[layer].gaussian

    def _cached(self, layer: str, kind: str) -> dict[str, Tensor]:
        if (layer, kind) not in self._held:
            path = made_folder("references") / f"{identity([*self.key, layer, kind])}.npz"
            with FileLock(path.with_suffix(".lock")):
                held = cached_tensors(path, KINDS[kind])
                if held is None:  # not computed yet, or damaged since
                    self._compute(layer)
                    held = cached_tensors(path, KINDS[kind])
                    assert held is not None
            self._held[layer, kind] = held
        return self._held[layer, kind]

    def _compute(self, layer: str) -> None:
        kept = collect(
            batches_of(self.source.read, self.rows_used),
            len(self.rows_used),
            self.extractor,
            {layer: Need(moments=True, rows=HELD)},
        )[layer]
        gaussian = kept.gaussian
        for kind, arrays in (
            ("rows", {"rows": kept.rows}),
            ("gaussian", {"mean": gaussian.mean, "cov": gaussian.cov, "root": gaussian.root}),
        ):
            buffer = io.BytesIO()
            np.savez(buffer, **{name: array.numpy() for name, array in arrays.items()})
            write_bytes(
                made_folder("references") / f"{identity([*self.key, layer, kind])}.npz",
                buffer.getvalue(),
            )


def cached_tensors(path: Path, dimensions: dict[str, int]) -> dict[str, Tensor] | None:
    """The arrays of a cached .npz by name, of so many ``dimensions``; None where it is missing or
    damaged, and so to be made again.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            held = {name: torch.from_numpy(arrays[name]) for name in dimensions}
    except Exception:  # arbitrary bytes can make it raise anything
        return None
    whole = all(
        held[name].ndim == count and held[name].is_floating_point()
        for name, count in dimensions.items()
    )
    return held if whole else None


@lru_cache(maxsize=32)
def dimension_of(extractor: str, layer: str) -> int:
    """How many features a layer has."""
    from scaling.evaluation.features.passes import features_of

    images = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)  # which every extractor takes
    return features_of(images, extractor, (layer,))[layer].shape[1]
