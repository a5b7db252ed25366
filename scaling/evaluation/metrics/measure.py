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

from scaling.evaluation.features.weights import weights_identity
from scaling.evaluation.images.originals import originals
from scaling.evaluation.images.read import Stored, batches
from scaling.evaluation.images.real_images import RealImages, data_images
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.clips import frames_in
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
from scaling.study.specs.labels import OF_IMAGES
from scaling.study.specs.protocol import Protocol
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
