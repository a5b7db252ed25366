"""How far are samples from real images? All metrics of a protocol from one pass over the images per
extractor.

Fréchet distances are ``frechet``'s, KID and CMMD ``kernels``', Inception Score, precision and
recall torch-fidelity's. Each figure has its sampling error ``se``: what other samples of the same
model would move it by. What retraining with another seed moves it by is told by seeds, in
``analysis``.
"""

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import torch
from torch import Tensor
from torch_fidelity.metric_isc import (
    KEY_METRIC_ISC_MEAN,
    KEY_METRIC_ISC_STD,
    isc_features_to_metric,
)
from torch_fidelity.metric_prc import (
    KEY_METRIC_PRECISION,
    KEY_METRIC_RECALL,
    prc_features_to_metric,
)

from scaling.data import load_data
from scaling.evaluation import mmd
from scaling.evaluation.collect import HELD, INFLUENCE, Kept, Need, collect
from scaling.evaluation.extractors import Layers, layers_of, network, weights_identity
from scaling.evaluation.frechet import (
    Gaussian,
    frechet_at_infinity,
    frechet_distance,
    frechet_error,
)
from scaling.evaluation.images import Stored, batches
from scaling.evaluation.memorisation import memorisation
from scaling.evaluation.reference import Reference, data_images
from scaling.study.named import named
from scaling.study.protocol import Protocol
from scaling.study.spec import DataSpec

KID_SUBSETS, KID_SUBSET = 50, 1000  # subsets; the most images in one
IS_SPLITS = 10
NEIGHBOURS = 3  # ADM's k
# rows of distances at a time; images up to which all distances are held
PRC_BATCH, PRC_WHOLE = 2000, 10_000
MEMORY = "memorisation"


def layer_of(metric: str, protocol: Protocol) -> tuple[str, str]:
    """The extractor and layer a metric compares. ValueError where the protocol's features have no
    such layer.
    """
    extractor = protocol.features_of(metric)
    layer = metric_of(metric).layer(layers_of(extractor))
    if layer is None:
        raise ValueError(
            f"{metric} is of class scores, which {extractor!r} does not give; leave {metric} out "
            "of metrics, or "
            "set features to inception, efficientnet-lite0 or digits-cnn"
        )
    return extractor, layer


@functools.lru_cache(maxsize=16)
def reference_of(
    data: DataSpec,
    name: str,
    extractor: str,
    images: int | None,
    transform: str,
    decoder: str | None,
) -> Reference:
    """A protocol's reference, ``train``, ``heldout`` or a file, as an extractor sees it."""
    source = Path(name) if name.endswith(".npz") else data_images(data, name, decoder)
    return Reference(source, extractor, images, transform)


def figures(images: Tensor, data: DataSpec, protocol: Protocol) -> list[dict]:
    """The protocol's metrics of uint8 samples (N, C, H, W) against each of its references, one row
    per figure.
    """
    return measure(images, data, protocol)["figures"]


def measure(
    images: Tensor | Stored,
    data: DataSpec,
    protocol: Protocol,
    references: Mapping[str, Mapping[str, Reference]] | None = None,
) -> dict:
    """``figures``: one row per metric and reference; ``memorisation``: where both training and
    held-out images are compared with. ``references``, by name and extractor, replace those the
    protocol names in ``data``.
    """
    if not protocol.metrics:
        return {"figures": [], MEMORY: None}
    asked = {name: metric_of(name).need for name in protocol.metrics}
    if {"train", "heldout"} <= set(protocol.references):
        asked[MEMORY] = MEMORISATION
    needs: dict[str, dict[str, Need]] = {}
    for name, need in asked.items():
        extractor, layer = layer_of("fid" if name == MEMORY else name, protocol)
        layers = needs.setdefault(extractor, {})
        layers[layer] = layers.get(layer, Need()) | need
    why = constant(images)
    kept = (
        {}
        if why
        else {
            extractor: collect(batches(images), len(images), extractor, layers)
            for extractor, layers in needs.items()
        }
    )

    def against(name: str, extractor: str) -> Reference:
        if references is not None:
            return references[name][extractor]
        return reference_of(
            data, name, extractor, protocol.reference_images, protocol.transform, protocol.decoder
        )

    rows = []
    for name in references or protocol.references:
        shared: dict[str, dict] = {}  # precision and recall come together
        for metric in protocol.metrics:
            extractor, layer = layer_of(metric, protocol)
            reference = against(name, extractor)
            found = (
                {"value": None, "why": why}
                if why
                else metric_of(metric).compare(
                    Compared(
                        kept[extractor][layer], len(images), reference, layer, protocol, shared
                    )
                )
            )
            rows.append(
                {
                    "metric": metric,
                    "value": None,
                    "std": None,
                    "se": None,
                    "why": None,
                    "warning": None,
                    **found,
                    "features": extractor,
                    "weights": weights_identity(extractor),
                    "samples": len(images),
                    "reference": name,
                    "reference_images": reference.count,
                    "label": protocol.label(metric, name),
                }
            )
    memory = None
    if MEMORY in asked and not why and references is None:
        extractor, layer = layer_of("fid", protocol)
        memory = memorisation(
            kept[extractor][layer].rows,
            *(against(name, extractor).rows(layer) for name in ("train", "heldout")),
        )
    return {"figures": rows, MEMORY: memory}


@dataclass(frozen=True)
class Compared:
    """Samples and one reference, as an extractor's layer sees both."""

    kept: Kept  # of the samples
    count: int  # of samples
    reference: Reference
    layer: str
    protocol: Protocol
    shared: dict  # what several metrics of one reference share: precision and recall come together

    def real(self, *most: int) -> Tensor:
        """Features of the reference's images (n, D), of so many at most."""
        return self.reference.rows(self.layer, *most)


def _fid(pair: Compared) -> dict:
    return frechet_figure(pair.kept.gaussian, pair.reference.gaussian(pair.layer), pair.kept.rows)


def _fid_infinity(pair: Compared) -> dict:
    ours, real, halves = pair.kept.gaussian, pair.reference.gaussian(pair.layer), pair.kept.halves
    if halves is None or min(half.count for half in halves) <= len(ours.mean):
        return {
            "why": f"half of {ours.count} samples is no more than {len(ours.mean)} features: "
            "nothing to extrapolate from"
        }
    return {
        "value": frechet_at_infinity(halves, ours, real),
        "se": frechet_error(pair.kept.rows, ours, real),
    }


def _inception_score(pair: Compared) -> dict:
    if pair.count < IS_SPLITS:
        return {"why": f"{pair.count} samples cannot be split in {IS_SPLITS}"}
    score = isc_features_to_metric(pair.kept.rows, IS_SPLITS)
    spread = score[KEY_METRIC_ISC_STD]
    return {
        "value": score[KEY_METRIC_ISC_MEAN],
        "std": spread,
        "se": spread / math.sqrt(IS_SPLITS - 1),
    }


def _kid(pair: Compared) -> dict:
    ours, real = pair.kept.rows, pair.real()
    # A subset as large as the smaller set has no spread, a larger one fails.
    size = min(len(ours) // 2, len(real) // 2, KID_SUBSET)
    if size < 2:
        return {"why": f"{min(len(ours), len(real))} images are too few for subsets"}
    value, spread = mmd.kid(ours, real, KID_SUBSETS, size)
    return {
        "value": value,
        "std": spread,
        "se": mmd.mmd_error(ours, real, mmd.cubic, pair.count),
    }


def _cmmd(pair: Compared) -> dict:
    ours, real = pair.kept.rows, pair.real()
    error = mmd.mmd_error(mmd.unit(ours), mmd.unit(real), mmd.rbf, pair.count)
    return {"value": mmd.cmmd(ours, real), "se": mmd.SCALE * error}


def _manifold(pair: Compared) -> dict:
    """Precision and recall by torch-fidelity, or ``why`` there are none."""
    if "prc" not in pair.shared:
        ours, real = pair.kept.rows, pair.real(pair.protocol.manifold_images)
        fewest, most = min(len(ours), len(real)), max(len(ours), len(real))
        if fewest <= NEIGHBOURS:
            return {"why": f"{fewest} images have no {NEIGHBOURS} neighbours"}
        pair.shared["prc"] = prc_features_to_metric(
            ours,
            real,
            prc_neighborhood=NEIGHBOURS,
            prc_batch_size=PRC_BATCH,
            save_cpu_ram=most > PRC_WHOLE,
            verbose=False,
        )
    return pair.shared["prc"]


def _precision(pair: Compared) -> dict:
    values = _manifold(pair)
    if "why" in values:
        return values
    share = values[KEY_METRIC_PRECISION]
    return {"value": share, "se": math.sqrt(share * (1 - share) / len(pair.kept.rows))}


def _recall(pair: Compared) -> dict:
    values = _manifold(pair)
    # the samples span the manifold: each moves many real images in or out, no binomial error
    return values if "why" in values else {"value": values[KEY_METRIC_RECALL]}


@dataclass(frozen=True)
class Metric:
    """What a metric keeps of the samples, of which layer, and how it compares them."""

    need: Need
    compare: Callable[[Compared], dict]  # value, std, se, why and warning
    layer: Callable[[Layers], str | None] = attrgetter("features")


METRICS: dict[str, Metric] = {
    "fid": Metric(Need(moments=True, rows=INFLUENCE), _fid),
    "sfid": Metric(Need(moments=True, rows=INFLUENCE), _fid, attrgetter("spatial")),
    "fid_infinity": Metric(Need(moments=True, halves=True, rows=INFLUENCE), _fid_infinity),
    "kid": Metric(Need(rows=HELD), _kid),
    "isc": Metric(Need(rows=None), _inception_score, attrgetter("scores")),
    "precision": Metric(Need(rows=HELD), _precision),
    "recall": Metric(Need(rows=HELD), _recall),
    "cmmd": Metric(Need(rows=HELD), _cmmd),
}
MEMORISATION = Need(rows=INFLUENCE)


def metric_of(name: str) -> Metric:
    """The metric of that name; ValueError names those there are."""
    return named(METRICS, name, "metric")


def frechet_figure(ours: Gaussian, real: Gaussian, rows: Tensor | None) -> dict:
    """Value, se (by ``rows`` of ours; without them null) and warning of a Fréchet distance."""
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
        "se": None if rows is None else frechet_error(rows, ours, real),
        "warning": warning,
    }


def constant(images: Tensor | Stored) -> str | None:
    """What is wrong with a sample set of one image again and again, or of too few to compare; None
    where nothing is.
    """
    if len(images) < 2:
        return f"{len(images)} samples have no covariance"
    first = images[:1] if isinstance(images, Tensor) else images.read(torch.tensor([0]))
    if all(bool((part == first).all()) for part in batches(images)):
        return f"all {len(images)} samples are the same image"
    return None


def thumbnails(images: Tensor | Stored, labels: Tensor, count: int = 100) -> dict:
    """The first ``count`` samples as arrays for figures: images (n, C, H, W) uint8, labels (n,)."""
    shown = (
        images[:count]
        if isinstance(images, Tensor)
        else images.read(torch.arange(min(count, len(images))))
    )
    return {"images": shown.numpy(), "labels": labels[:count].numpy().astype("int16")}


def real_thumbnails(data: DataSpec, decoder: str | None, count: int = 100) -> dict:
    """The first held-out images as arrays for figures, as ``thumbnails`` gives samples."""
    heldout = load_data(data).heldout
    rows = torch.arange(min(count, len(heldout)))
    return thumbnails(data_images(data, "heldout", decoder).read(rows), heldout.labels, count)


def check_metrics(data: DataSpec, protocol: Protocol) -> None:
    """Load every extractor and open every reference of ``protocol`` now, so that what is missing is
    found before training.
    """
    for metric in protocol.metrics:
        extractor, layer = layer_of(metric, protocol)
        network(extractor, (layer,))
        for name in protocol.references:
            reference = reference_of(
                data,
                name,
                extractor,
                protocol.reference_images,
                protocol.transform,
                protocol.decoder,
            )
            need = metric_of(metric).need
            if reference.stored and need.moments:
                reference.gaussian(layer)
            if reference.source is None and not need.moments and need.rows is not None:
                reference.rows(layer)
