"""Can a protocol's metrics be measured here? Found out before anything is trained or sampled."""

import functools

from scaling.data.sources import LATENT_SOURCES
from scaling.evaluation.features.passes import network
from scaling.evaluation.features.suits import check_suits
from scaling.evaluation.images.real_images import data_images
from scaling.evaluation.images.reference import Reference, dimension_of
from scaling.evaluation.metrics.clips import is_stacked, plain, span_fault
from scaling.evaluation.metrics.measure import reference_of
from scaling.evaluation.metrics.table import check_metric, metric_of, spaces_of
from scaling.study.specs.protocol import Protocol
from scaling.study.specs.trial import DataSpec


def check_metrics(data: DataSpec, protocol: Protocol) -> None:
    """Load every extractor and open every reference of ``protocol``.

    What is missing is found this way before training, as a ValueError.
    """
    for metric in protocol.metrics:
        for extractor, layer in spaces_of(metric, protocol):
            images = functools.partial(data_images, data, "train", protocol.decoder)
            latents = data.source in LATENT_SOURCES  # decoding one needs the decoder
            frames = (data.frames or 1) if latents else images().frames
            check_metric(metric, frames, f"the data {data.source!r}")
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
