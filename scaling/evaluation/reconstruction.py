"""How much of a latent model's FID is due to its decoder? rFID answers it.

rFID is the FID of real images, encoded and decoded, against real images. It is computed once per
data, decoder, extractor and crop, as reference statistics are.

Against ADM's file, it uses as many reconstructions of training images as there are samples; this is
the floor of FID. Against ``train`` or ``heldout``, it compares the decoded latents, which samples
are compared with, with the images that they were encoded from; that is the part of the distance to
real images which the FID of samples leaves out. Those images are read where ``scaling encode``
found them, or in the data root.
"""

import functools

from scaling.evaluation.features.extractors import layers_of
from scaling.evaluation.features.weights import weights_identity
from scaling.evaluation.images.originals import originals
from scaling.evaluation.images.real_images import data_images
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.frechet import frechet_result
from scaling.evaluation.metrics.measure import reference_of
from scaling.study.specs.decoder import maker_of
from scaling.study.specs.labels import OF_IMAGES
from scaling.study.specs.protocol import Protocol
from scaling.study.specs.trial import DataSpec


def rfid(data: DataSpec, protocol: Protocol) -> list[dict]:
    """One row ``rfid``, in the form of ``metrics.measure``, per reference of the protocol.

    Only latent models whose FID is measured have one. Its value is null, with a reason, if the
    latents were made from no images or if those are gone or have changed.
    """
    if protocol.decoder is None or "fid" not in protocol.metrics:
        return []
    p = protocol
    return [
        {
            "metric": "rfid",
            "reference": name,
            "features": p.features,
            "weights": weights_identity(p.features),
            "label": p.label("rfid", name, made_by=maker_of(data), clips=data.has_clips),
            **_floor(data, name, p.features, p.reference_images, p.transform, p.decoder, p.samples),
        }
        for name in p.references
    ]


@functools.lru_cache(maxsize=16)
def _floor(
    data: DataSpec,
    name: str,
    extractor: str,
    images: int | None,
    transform: str,
    decoder: str,
    samples: int,
) -> dict:
    layer = layers_of(extractor).features
    name = name.removesuffix(OF_IMAGES)  # of a split: decoded against its images, either way
    # the images that samples are compared with
    real = reference_of(data, name, extractor, images, transform, decoder)
    if name.endswith(".npz"):
        made = Reference(data_images(data, "train", decoder), extractor, samples)
        rows = made.rows(layer)
    else:
        made, rows = real, None
        real = Reference(originals(data, name), extractor, images, "center-crop")
    row = {
        "value": None,
        "std": None,
        "se": None,
        "why": None,
        "warning": None,
        "samples": made.count,
        "reference_images": real.count,
    }
    try:
        real.gaussian(layer)
    except ValueError as error:
        return {**row, "why": str(error)}
    # With the same images on both sides, the error for independent draws does not apply.
    return row | frechet_result(made.gaussian(layer), real.gaussian(layer), rows)
