"""How are images kept as a reference? ``scaling evaluate --write-reference FILE.npz``.

The file has the keys of ADM's suite: mu and sigma of the features, mu_s and sigma_s of Inception's
for sFID, and arr_0 with the images that precision, recall and KID compare with. ADM's evaluator
reads it where the features are Inception's and the images in colour. ``computed_by`` says which
features of how many images they are, and is checked when the file is a ``--reference``.
"""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import torch

from scaling.evaluation.features.extractors import layers_of
from scaling.evaluation.features.weights import weights_identity
from scaling.evaluation.images.npz import COMPUTED_BY, IMAGES
from scaling.evaluation.images.real_images import RealImages
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.collect import BATCH
from scaling.records.files import named, sync_folder
from scaling.records.provenance import code_version
from scaling.study.specs.protocol import Protocol


def check_target(out: Path) -> None:
    """Refuse a file that cannot be written, before anything is computed."""
    if out.suffix != ".npz":
        raise ValueError(f"--write-reference {out} must end in .npz, as a --reference does")
    if out.exists():
        raise ValueError(f"{out} exists; remove it or give another --write-reference")
    if not out.absolute().parent.is_dir():
        raise ValueError(f"--write-reference {out}: there is no folder {out.absolute().parent}")


def write_reference(source: RealImages, protocol: Protocol, out: Path) -> str:
    """Write the statistics of ``source`` under the protocol's features; returns what was done.

    At most ``manifold_images`` of the images are kept beside them, a choice that is always the
    same. ValueError for fewer than two images.
    """
    check_target(out)
    extractor, layers = protocol.features, layers_of(protocol.features)
    reference = Reference(source, extractor, protocol.reference_images, protocol.transform)
    arrays = {}
    for suffix, layer in (("", layers.features), ("_s", layers.spatial)):
        if layer is not None:
            gaussian = reference.gaussian(layer)
            arrays |= {f"mu{suffix}": gaussian.mean, f"sigma{suffix}": gaussian.cov}
    by = {
        "features": extractor,
        "weights": weights_identity(extractor),
        "layers": [name for name in (layers.features, layers.spatial) if name],
        "images": reference.count,
        "source": source.name,
        "content": source.content,
        "transform": protocol.transform,
        "code": code_version(),
    }
    rows = reference.rows_used
    if len(rows) > protocol.manifold_images:
        chosen = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
        rows = rows[chosen[: protocol.manifold_images].sort().values]
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=out.absolute().parent) as aside:
        kept = _images_on_disk(source, rows, Path(aside) / "images.npy")
        whole = Path(aside) / out.name
        stored = {name: value.numpy() for name, value in arrays.items()}
        with named(out):
            with open(whole, "wb") as file:
                np.savez(
                    file, **{IMAGES: kept}, **stored, **{COMPUTED_BY: np.array(json.dumps(by))}
                )
                os.fsync(file.fileno())
        os.replace(whole, out)
        sync_folder(out.absolute().parent)
    return (
        f"{out}: {', '.join(arrays)} of {reference.count} images of {source.name} on {extractor}, "
        f"{len(rows)} of them kept as {IMAGES}"
    )


def _images_on_disk(source: RealImages, rows: torch.Tensor, path: Path) -> np.ndarray:
    """Images ``rows`` as a mapped array (N, H, W, C): they need not fit into memory."""
    channels, height, width = source.read(rows[:1]).shape[1:]
    shape = (len(rows), height, width, channels)
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    for start in range(0, len(rows), BATCH):
        part = source.read(rows[start : start + BATCH])
        array[start : start + len(part)] = part.permute(0, 2, 3, 1).numpy()
    return array
