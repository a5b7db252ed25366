"""Which real images are samples compared with? A split of a data set, an .npz, or a tensor."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from scaling.data import Images, ImageSet, load_data, to_uint8
from scaling.data.clips.folder import FolderClips
from scaling.data.folder import FolderImages
from scaling.data.listing import file_of
from scaling.data.sources import LATENT_SOURCES
from scaling.evaluation.images.npz import NpzImages
from scaling.study.specs.identity import identity
from scaling.study.specs.trial import DataSpec

HASHED = 256  # images hashed at a time


@dataclass(frozen=True)
class RealImages:
    """Images to compare with.

    ``count``: how many. ``content``: a hash of what they are. ``read``: rows to uint8 (B, C, H, W),
    or (B, C, F, H, W) of clips of more than one of ``frames``.
    """

    name: str
    count: int
    content: str
    read: Callable[[Tensor], Tensor]
    told: str | None = None  # which files of a folder were left out
    frames: int = 1

    def first(self, count: int | None) -> Tensor:
        """The rows to use: all, or a random choice of ``count`` that is always the same."""
        if count is None or count >= self.count:
            return torch.arange(self.count)
        return (
            torch.randperm(self.count, generator=torch.Generator().manual_seed(0))[:count]
            .sort()
            .values
        )


def content_of(images: Tensor) -> str:
    """The hash of uint8 images (N, C, H, W)."""
    digest = hashlib.sha256(str(tuple(images.shape)).encode())
    for part in images.split(HASHED):  # a copy of ImageNet's would be gigabytes
        digest.update(part.numpy().tobytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=8)
def data_images(data: DataSpec, subset: str, decoder: str | None = None) -> RealImages:
    """``train`` or ``heldout`` of a data set; latents are decoded by ``decoder``.

    ValueError for latents without a decoder.
    """
    latents = data.source in LATENT_SOURCES
    if latents and decoder is None:
        raise ValueError(
            f"{data.source} data holds no images to compare with; set evaluate.protocol.decoder to "
            "its VAE, or evaluate.protocol.references to an .npz of the real images, such as ADM's"
        )
    dataset = load_data(data)
    images = dataset.subset(subset)
    if latents:
        from scaling.data.latents.vae import decode, identity_of, load_vae

        vae = load_vae(decoder, torch.device("cuda:0" if torch.cuda.is_available() else "cpu"))
        return RealImages(
            subset,
            len(images),
            identity([dataset.content, subset, identity_of(vae)]),
            lambda rows: decode(vae, images.batch(rows)),
            frames=math.prod(images.shape[1:-2]),
        )
    # the files of a folder are the same whatever their images are cropped to
    content = (
        identity([dataset.content, subset, *images.shape])
        if dataset.content
        else _content_of_subset(images)
    )
    return RealImages(
        subset,
        len(images),
        content,
        lambda rows: to_uint8(images.batch(rows)),
        frames=math.prod(images.shape[1:-2]),
    )


def _content_of_subset(images: Images) -> str:
    """A hash of the pixels if they are in memory.

    Otherwise it is of each file's path, length and time of change, and of the crop.
    """
    if isinstance(images, ImageSet):
        return content_of(images.uint8)
    if isinstance(images, FolderClips):
        return identity(images.states())
    if not isinstance(images, FolderImages):
        raise TypeError(f"a data set of {type(images).__name__} must say its content")
    archives = {file_of(path) for path in images.paths} - set(images.paths)
    of_archives = [images.paths] if archives else []
    files = [(images.folder / file).resolve() for file in dict.fromkeys(map(file_of, images.paths))]
    states = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    return identity([images.size, states, *of_archives])


def npz_images(name: str, images: NpzImages | Tensor) -> RealImages:
    """The images of an .npz, which need not fit into memory."""
    if isinstance(images, Tensor):
        return tensor_images(name, images)
    return RealImages(name, len(images), images.content(), images.read)


def tensor_images(name: str, images: Tensor) -> RealImages:
    """Images in memory, uint8 (N, C, H, W)."""
    return RealImages(name, len(images), content_of(images), lambda rows: images[rows])
