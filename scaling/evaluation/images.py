"""Which images are in a folder or an .npz? They are read as uint8, or refused by name.

Refused are mixed sizes, broken files, and modes other than RGB and grey.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from scaling.data.crop import SUFFIXES, read_image
from scaling.evaluation.npz import open_npz

BATCH = 256


class ImageFolder:
    """The images below a folder, sorted by path, all of one size and mode.

    With ``crop``, images of any size and mode are cropped to that many pixels as ADM crops.
    ValueError for a folder without images.
    """

    def __init__(self, folder: Path, crop: int | None = None):
        self.files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not self.files:
            raise ValueError(f"{folder} holds no images ({', '.join(SUFFIXES)})")
        self.crop = crop
        if crop is not None:
            self.size, self.mode = (crop, crop), "RGB"
            return
        with _opened(self.files[0]) as first:
            self.size, self.mode = first.size, first.mode

    def __len__(self) -> int:
        return len(self.files)

    def read(self, rows: Tensor) -> Tensor:
        """Images ``rows`` as uint8 (B, C, H, W).

        ValueError names the first file that cannot be read or differs from the others.
        """
        return torch.stack([self._read_file(self.files[i]) for i in rows.tolist()])

    def _read_file(self, path: Path) -> Tensor:
        if self.crop is not None:
            return torch.from_numpy(read_image(path, self.crop))
        with _opened(path) as image:
            if image.mode not in ("RGB", "L"):
                raise ValueError(
                    f"{path} is a {image.mode} image; metrics take RGB or grey ones: convert it "
                    "yourself, because how to treat transparency or a palette is a choice"
                )
            if (image.size, image.mode) != (self.size, self.mode):
                raise ValueError(
                    f"{path} is {image.mode} of {image.width}x{image.height} pixels, but "
                    f"{self.files[0]} is {self.mode} of {self.size[0]}x{self.size[1]}: a set of "
                    "images has one size and mode; make them alike, or have a reference cropped "
                    "(--protocol transform=center-crop)"
                )
            try:
                pixels = np.asarray(image)
            except (OSError, SyntaxError) as error:
                raise ValueError(
                    f"{path} cannot be read as an image ({error}); remove or remake it"
                ) from None
        return torch.from_numpy(pixels.copy()).view(image.height, image.width, -1).permute(2, 0, 1)


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read as an image ({type(error).__name__}); remove or remake it"
        ) from None


def read_npz(path: Path) -> tuple[dict[str, np.ndarray], Tensor | None]:
    """The statistics and images of an .npz in the format of ADM's suite, all in memory.

    Returns the statistics (mu, sigma, mu_s, sigma_s), and the images arr_0, stored as (N, H, W, C),
    as uint8 (N, C, H, W) or None. ValueError if the file cannot be read or holds neither.
    """
    known, images, _ = open_npz(path)
    return known, None if images is None else images.read(torch.arange(len(images)))


class Stored(Protocol):
    """Images that are read only when needed: an ImageFolder, NpzImages, or Parts."""

    def __len__(self) -> int: ...
    def read(self, rows: Tensor) -> Tensor: ...


def batches(images: Tensor | Stored) -> Iterator[Tensor]:
    """uint8 images (B, C, H, W), in order."""
    if isinstance(images, Tensor):
        yield from images.split(BATCH)
    else:
        for rows in torch.arange(len(images)).split(BATCH):
            yield images.read(rows)
