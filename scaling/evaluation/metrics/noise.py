"""Do samples show anything? Their FID is held against that of noise images.

Noise images are what a network gives that has learned nothing: the noise that sampling starts
from, decoded where it is of latents, the same at half the contrast, and pixels at random. Samples
that are no nearer to the real images than the nearest of these are told to be noise. A FID of few
images is too high, so there are no more noise images than samples. The distance is computed once
per reference, features, shape of the samples and number of images, and cached.
"""

import functools
import math
from collections.abc import Callable
from typing import Annotated

import torch
from filelock import FileLock
from pydantic import Field
from torch import Tensor

from scaling.data import stream, to_uint8
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.collect import Need, collect
from scaling.evaluation.metrics.frechet import Gaussian, frechet_distance
from scaling.records import parsed
from scaling.records.cache import made_folder
from scaling.records.files import write_json
from scaling.study.specs.identity import identity

# noise images at most, where there are as many samples: of pixels; of decoded latents, which take a
# decoder's time
IMAGES, DECODED = 256, 64
VERSION = 1  # of the cache; changes with KINDS

Shape = tuple[int, ...]  # (C, H, W) of a sample, (C, F, H, W) of a clip


def _normal(shape: Shape, decoder: str | None, samples: int, contrast: float = 1.0) -> Tensor:
    g = stream("noise-images", "normal")
    return to_uint8(contrast * torch.randn(min(IMAGES, samples), *shape, generator=g))


def _uniform(shape: Shape, decoder: str | None, samples: int) -> Tensor:
    g = stream("noise-images", "uniform")
    return torch.randint(256, (min(IMAGES, samples), *shape), generator=g, dtype=torch.uint8)


def _decoded(shape: Shape, decoder: str, samples: int) -> Tensor:
    from scaling.data.latents.vae import decode, latent_shape, load_vae  # seconds of imports

    vae = load_vae(decoder, torch.device("cuda:0" if torch.cuda.is_available() else "cpu"))
    of_one = latent_shape(vae, shape[-2], math.prod(shape[1:-2]), shape[-1])
    latents = (min(DECODED, samples), *of_one)
    return decode(vae, torch.randn(latents, generator=stream("noise-images", "latents")))


# name -> noise images (n, C, H, W) uint8 of a shape, beside so many samples; of latents, a decoder
KINDS: dict[str, Callable] = {
    "normal": _normal,
    "faint": functools.partial(_normal, contrast=0.5),
    "uniform": _uniform,
    "latents": _decoded,
}
# what is cached: the FID of each kind
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
DISTANCES: parsed.Shape[dict[str, float]] = parsed.Shape(
    Annotated[dict[str, Finite], Field(min_length=1)], "it is measured again"
)
OF_PIXELS, OF_LATENTS = ("normal", "faint", "uniform"), ("latents", "faint", "uniform")


@functools.lru_cache(maxsize=8)
def _gaussian(
    kind: str, shape: Shape, decoder: str | None, samples: int, extractor: str, layer: str
) -> Gaussian:
    images = KINDS[kind](shape, decoder, samples)
    kept = collect(images.split(64), len(images), extractor, {layer: Need(moments=True)})
    return kept[layer].gaussian


def noise_distance(
    reference: Reference, layer: str, shape: Shape, samples: int, decoder: str | None = None
) -> float:
    """The FID of the nearest kind of noise images of ``shape`` (C, H, W) against ``reference``.

    It stands beside that of at least two ``samples``. ``decoder`` is the VAE of latents. ValueError
    as ``Reference.gaussian``.
    """
    samples = min(samples, IMAGES)  # with more nothing changes
    key = [VERSION, samples, min(DECODED, samples)]
    asked = [key, reference.gaussian_key, layer, list(shape), decoder and _identity(decoder)]
    path = made_folder("references") / f"{identity(asked)}.json"
    with FileLock(path.with_suffix(".lock")):
        try:
            known = DISTANCES.read(path)
        except parsed.Damaged:  # measured again
            known = None
        if known is None:
            real = reference.gaussian(layer)
            known = {
                kind: frechet_distance(
                    _gaussian(kind, shape, decoder, samples, reference.extractor, layer), real
                )
                for kind in (OF_LATENTS if decoder else OF_PIXELS)
            }
            write_json(path, known)
    return min(known.values())


@functools.lru_cache(maxsize=2)
def _identity(decoder: str) -> str:
    from scaling.data.latents.vae import identity_of, load_vae

    return identity_of(load_vae(decoder))
