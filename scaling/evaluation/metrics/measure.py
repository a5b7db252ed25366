"""How far are samples from real images? All metrics of a protocol.

All extractors share one pass over the images. Each metric has a sampling error ``se``: how much its
value would move with other samples of the same model. How much it moves when the model is trained
again with another seed is measured by seeds, in ``analysis``.
"""

import functools
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from scaling.data import load_data
from scaling.data.sources import LATENT_SOURCES
from scaling.evaluation.features.passes import network
from scaling.evaluation.features.suits import check_suits
from scaling.evaluation.features.weights import weights_identity
from scaling.evaluation.images.originals import originals
from scaling.evaluation.images.read import Stored, batches
from scaling.evaluation.images.real_images import RealImages, data_images
from scaling.evaluation.images.reference import Reference, dimension_of
from scaling.evaluation.metrics.clips import frames_in, is_stacked, plain, span_fault
from scaling.evaluation.metrics.collect import INFLUENCE, Kept, Need, collect_all
from scaling.evaluation.metrics.fdr import Space
from scaling.evaluation.metrics.memorisation import memorisation
from scaling.evaluation.metrics.noise import noise_distance
from scaling.evaluation.metrics.table import (
    Compared,
    check_metric,
    layer_of,
    metric_of,
    spaces_of,
)
from scaling.records.noise import noise_warning
from scaling.study.specs.decoder import maker_of
from scaling.study.specs.protocol import OF_IMAGES, Protocol
from scaling.study.specs.trial import DataSpec

MEMORY = "memorisation"
MEMORISATION = Need(rows=INFLUENCE)
OTHER = {"train": "heldout", "heldout": "train"}  # the data's two sets of images
OTHER |= {one + OF_IMAGES: other + OF_IMAGES for one, other in OTHER.items()}


@functools.lru_cache(maxsize=16)
def reference_of(
    data: DataSpec,
    name: str,
    extractor: str,
    images: int | None,
    transform: str,
    decoder: str | None,
) -> Reference:
    """A protocol's reference as an extractor sees it: ``train``, ``heldout`` or a file; with
    OF_IMAGES, the split's real images rather than its latents, decoded.
    """
    source: Path | RealImages
    if name.endswith(".npz"):
        source = Path(name)
    elif name.endswith(OF_IMAGES):
        source = originals(data, name.removesuffix(OF_IMAGES))
    else:
        source = data_images(data, name, decoder)
    return Reference(source, extractor, images, transform)


def figures(images: Tensor, data: DataSpec, protocol: Protocol) -> list[dict]:
    """The protocol's metrics of uint8 samples (N, C, H, W), one row per metric and reference."""
    return measure(images, data, protocol)["figures"]


def measure(
    images: Tensor | Stored,
    data: DataSpec,
    protocol: Protocol,
    references: Mapping[str, Mapping[str, Reference]] | None = None,
    others: Mapping[str, Reference] | None = None,
) -> dict:
    """Measure uint8 samples (N, C, H, W), or clips (N, C, F, H, W), under a protocol.

    ``figures`` of the result has one row per metric and reference. ``memorisation`` is there if
    samples are compared with both training and held-out images. ``references``, by name and
    extractor, replace those that the protocol names in ``data``; ``others``, by extractor, are
    then the real images that FDr takes its units from.
    """
    if not protocol.metrics:
        return {"figures": [], MEMORY: None}
    frames, shape = _shape(images)
    for name in protocol.metrics:
        check_metric(name, frames, "the samples")
    asked = {name: metric_of(name).need for name in protocol.metrics}
    if {"train", "heldout"} <= set(protocol.references):
        asked[MEMORY] = MEMORISATION
    needs: dict[str, dict[str, Need]] = {}
    for name, need in asked.items():
        for extractor, layer in spaces_of("fid" if name == MEMORY else name, protocol):
            layers = needs.setdefault(extractor, {})
            layers[layer] = layers.get(layer, Need()) | need
    why = constant(images)
    kept: dict[str, dict[str, Kept]] = (
        {} if why else collect_all(batches(images), len(images), needs)
    )

    def against(name: str, extractor: str) -> Reference:
        if references is not None:
            return references[name][extractor]
        return reference_of(
            data, name, extractor, protocol.reference_images, protocol.transform, protocol.decoder
        )

    def space(name: str, extractor: str, layer: str) -> Space:
        if references is None:
            other = against(OTHER[name], extractor) if name in OTHER else None
        else:
            other = None if others is None else others[extractor]
        return Space(extractor, layer, kept[extractor][layer], against(name, extractor), other)

    rows = []
    for name in references or protocol.references:
        shared: dict[str, dict] = {}  # torch-fidelity computes precision and recall together
        for metric in protocol.metrics:
            over = spaces_of(metric, protocol)
            extractor, layer = over[0]
            reference = against(name, extractor)
            result: dict = (
                {"value": None, "why": why}
                if why
                else metric_of(metric).compare(
                    Compared(
                        tuple(space(name, *each) for each in over), len(images), protocol, shared
                    )
                )
            )
            if metric == "fid" and not why:
                result = _beside_noise(
                    result, reference, layer, shape, len(images), protocol.decoder
                )
            rows.append(
                {
                    "metric": metric,
                    "value": None,
                    "std": None,
                    "se": None,
                    "why": None,
                    "warning": None,
                    "noise": None,
                    **result,
                    "features": " + ".join(each for each, _ in over),
                    "weights": " + ".join(weights_identity(each) for each, _ in over),
                    "samples": len(images),
                    "reference": name,
                    "reference_images": reference.count,
                    "label": protocol.label(metric, name, made_by=maker_of(data), clips=frames > 1),
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


def _beside_noise(
    result: dict,
    reference: Reference,
    layer: str,
    shape: tuple[int, ...],
    samples: int,
    decoder: str | None,
) -> dict:
    """``result`` with the FID of noise images, and a warning where it is no better."""
    noise = noise_distance(reference, layer, shape, samples, decoder)
    warnings = (result.get("warning"), noise_warning(result["value"], noise))
    return result | {"noise": noise, "warning": "; ".join(filter(None, warnings)) or None}


def _shape(images: Tensor | Stored) -> tuple[int, tuple[int, ...]]:
    """How many frames one of the samples has, and (C, H, W) of a frame."""
    first = images[:1] if isinstance(images, Tensor) else images.read(torch.tensor([0]))
    return frames_in(first), (first.shape[1], *first.shape[-2:])


def constant(images: Tensor | Stored) -> str | None:
    """Why a set of samples cannot be compared at all, or None.

    Either there are fewer than two, or all are the same image.
    """
    if len(images) < 2:
        return f"{len(images)} samples have no covariance"
    first = images[:1] if isinstance(images, Tensor) else images.read(torch.tensor([0]))
    if all(bool((part == first).all()) for part in batches(images)):
        return f"all {len(images)} samples are the same image"
    return None


def thumbnails(images: Tensor | Stored, labels: Tensor, count: int = 100) -> dict:
    """The first ``count`` samples as arrays for figures: images (n, C, H, W) uint8, or clips
    (n, C, F, H, W), and labels (n,).
    """
    shown = (
        images[:count]
        if isinstance(images, Tensor)
        else images.read(torch.arange(min(count, len(images))))
    )
    return {"images": shown.numpy(), "labels": labels[:count].numpy().astype("int16")}


def real_thumbnails(data: DataSpec, decoder: str | None, count: int = 100) -> dict:
    """Held-out images of as many classes as there are, as arrays for figures, in the form of
    ``thumbnails``.
    """
    heldout = load_data(data).heldout
    rows = _of_all_labels(heldout.labels, count)
    images = data_images(data, "heldout", decoder).read(rows)
    return thumbnails(images, heldout.labels[rows], count)


def _of_all_labels(labels: Tensor, count: int) -> Tensor:
    """The first ``count`` rows if they are of every label, else as many of each as there can be."""
    if len(labels[:count].unique()) == len(labels.unique()):
        return torch.arange(min(count, len(labels)))
    order = labels.argsort(stable=True)
    sizes = labels[order].unique_consecutive(return_counts=True)[1]
    # how many of its label come before each row
    turn = torch.cat([torch.arange(size) for size in sizes.tolist()])
    return order[turn.argsort(stable=True)[:count]].sort().values


def check_metrics(data: DataSpec, protocol: Protocol) -> None:
    """Load every extractor and open every reference of ``protocol``.

    What is missing is found this way before training, as a ValueError.
    """
    for metric in protocol.metrics:
        for extractor, layer in spaces_of(metric, protocol):
            images = functools.partial(data_images, data, "train", protocol.decoder)
            if data.source not in LATENT_SOURCES:
                check_metric(metric, images().frames, f"the data {data.source!r}")
            check_suits(extractor, images, data.source)
            network(extractor, (plain(layer),))
            for name in protocol.references:
                reference = reference_of(
                    data,
                    name,
                    extractor,
                    protocol.reference_images,
                    protocol.transform,
                    protocol.decoder,
                )
                check_reference(reference, metric, layer, protocol.samples)


def check_reference(
    reference: Reference, metric: str, layer: str, samples: int | None = None
) -> None:
    """Refuse a file that does not hold what ``metric`` compares with, or holds it wrong, and fewer
    clips, or ``samples`` of them, than their stacked features need.
    """
    need = metric_of(metric).need
    if is_stacked(layer):
        if reference.frames == 1:
            raise ValueError(
                f"{metric} compares clips, and the reference {reference.name} holds single images; "
                "leave it out of metrics"
            )
        dimension = dimension_of(reference.extractor, plain(layer))
        if why := span_fault(reference.frames, dimension, samples, reference.count):
            raise ValueError(why)
    if reference.stored and need.moments:
        reference.gaussian(layer)
    if reference.source is None and not need.moments and need.rows is not None:
        reference.rows(layer)
    if reference.source is not None and len(reference.rows_used) < 2:
        reference.gaussian(layer)  # says so
