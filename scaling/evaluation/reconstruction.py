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
import hashlib
from pathlib import Path

import torch
from torch import Tensor

from scaling.data.crop import read_image
from scaling.data.latents.store import read_images, read_store
from scaling.data.listing import file_of, read_bytes
from scaling.data.listing.walk import from_text
from scaling.data.sources import data_root, place
from scaling.evaluation.features.extractors import layers_of, weights_identity
from scaling.evaluation.images.real_images import RealImages, data_images
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.measure import reference_of
from scaling.evaluation.metrics.table import frechet_result
from scaling.study.specs.decoder import maker_of
from scaling.study.specs.identity import identity
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
            "label": p.label("rfid", name, made_by=maker_of(data)),
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


def originals(data: DataSpec, subset: str) -> RealImages:
    """The images that a split of a latent store was encoded from, cropped as they were then.

    Reading them raises ValueError if there are none, or if a file is missing or has changed.
    """
    folder = place(data)
    store = read_store(folder)
    shards = store["shards"][subset]

    @functools.cache
    def files() -> tuple[Path, list[dict]]:
        homes = [
            Path(home)
            for home in (store.get("encoded_from"), data.name and data_root() / data.name)
            if home
        ]
        rows = (
            read_images(folder, subset, len(shards)) if homes and data.source == "latents" else []
        )
        for home in homes:
            if rows and (home / file_of(from_text(home, rows[0]["path"]))).is_file():
                return home, rows
        raise ValueError(
            f"no real images of {data.name or data.source}: "
            + (
                f"they are not in {' or '.join(map(str, homes))}"
                if rows
                else "its latents were not made from images"
            )
        )

    def read(rows: Tensor) -> Tensor:
        home, known = files()
        return torch.stack(
            [
                torch.from_numpy(
                    _original(home, known[i]["path"], known[i]["sha256"], store["size"])
                )
                for i in rows.tolist()
            ]
        )

    content = identity([store["content"], subset, "originals"])
    return RealImages(subset, sum(shard["images"] for shard in shards), content, read)


def _original(home: Path, name: str, sha256: str, size: int):
    path = from_text(home, name)
    try:
        content = read_bytes(home, path)
    except ValueError as error:
        raise ValueError(f"no real images: {error}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"no real images: {home / name} is not the file that was encoded")
    return read_image(home / path, size, content)
