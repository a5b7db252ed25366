"""Which are a checkpoint's samples under a protocol? Drawn once, kept until they are measured."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch
from filelock import FileLock
from torch import Tensor

from scaling.evaluation.asked import OF_IMAGES
from scaling.evaluation.sampling.generate import check_sampling, generate
from scaling.evaluation.sampling.load import Loaded, digest
from scaling.evaluation.sampling.parts import Parts
from scaling.evaluation.sampling.samples import PART, image_channels
from scaling.records.cache import made_folder
from scaling.study.specs.identity import identity
from scaling.study.specs.protocol import Protocol


def sampled_size(loaded: Loaded, protocol: Protocol) -> tuple[int, int]:
    """Width and height of a checkpoint's samples. ValueError for sampling it does not allow."""
    check_sampling(loaded.spec, loaded.diffusion, protocol, loaded.label_dropout)
    image_channels(loaded, protocol)
    height, width = loaded.spec.input_shape[-2:]
    factor = 1
    if protocol.decoder:
        from scaling.data.latents.vae import load_vae, pixels_per_latent  # seconds of imports

        factor = pixels_per_latent(load_vae(protocol.decoder))
    return width * factor, height * factor


@contextlib.contextmanager
def sampled(checkpoint: Path, loaded: Loaded, protocol: Protocol) -> Iterator[Parts]:
    """A checkpoint's samples under ``protocol``, kept in the cache until they are measured.

    After a kill, the same request continues with the samples drawn so far. A second process with
    the same request waits. ValueError if some samples are not finite.
    """
    asked = {
        "model": loaded.spec.identity_fields(),
        "weights": digest(loaded.model),
        "diffusion": loaded.diffusion.identity_fields(),
        "protocol": protocol.identity_fields(exclude=OF_IMAGES - {"samples"}),
    }
    parts = Parts(made_folder("samples") / identity(asked), protocol.samples, PART)
    loaded.model.to("cuda" if torch.cuda.is_available() else "cpu")

    def draw(rows: range) -> tuple[Tensor, int]:
        images, _, nonfinite = generate(loaded.model, loaded.spec, loaded.diffusion, protocol, rows)
        return images, nonfinite

    parts.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(parts.folder.with_suffix(".lock")):
        parts.begin(asked)
        parts.draw(draw)
        if nonfinite := parts.nonfinite:
            parts.clear()
            raise ValueError(
                f"{nonfinite} of {len(parts)} samples of {checkpoint} are not finite: nothing to "
                "measure"
            )
        yield parts
        parts.clear()
