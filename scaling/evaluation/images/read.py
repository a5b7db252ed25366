"""Which images are in a folder, an archive, an .npy or an .npz? As uint8, or refused by name.

Refused are mixed sizes, broken files, and transparency.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from scaling.data.crop import opened, read_image
from scaling.data.depth import told_of_depth
from scaling.data.listing import all_images, file_of, read_bytes
from scaling.data.listing.walk import printable
from scaling.data.pixels import upright
from scaling.data.profiles import told_of_profiles
from scaling.data.several import several_frames, told_of_several
from scaling.evaluation.images.arrays import as_images, read_array, read_arrays

STATISTICS = ("mu", "sigma", "mu_s", "sigma_s")
BATCH = 256
OPAQUE = 255
GREY = ("1", "L")  # Pillow's modes, the rest of which are shown as RGB
PALETTES = ("P", "PA")
LOSSY = ("JPEG", "MPO")
LOSSY_WEBP = b"VP8 "  # at this place of a WebP's header; without loss it is VP8L
AT_WEBP = slice(12, 16)


class ImageFolder:
    """The images below a folder, sorted by path, or in an archive or table, or in all of those in a
    folder; all of one size and mode.

    With ``crop``, images of any size and mode are cropped to that many pixels as ADM crops.
    ``told`` counts what was left out, or is None. ValueError for a place without images.
    """

    def __init__(self, place: Path, crop: int | None = None):
        listing = all_images(place)
        self.folder = listing.folder
        self.paths = listing.paths  # in the folder, or its archives
        self.several = several_frames(self.folder, self.paths)  # files of which one frame is taken
        odd = [listing.told] if sum(listing.left_out.values()) else []
        self.dark = told_of_depth(self.folder, self.paths)
        self.spaces = told_of_profiles(self.folder, self.paths)
        said = (told_of_several(self.several), self.dark, self.spaces)
        odd += [words for words in said if words]
        self.told = f"{printable(str(place))}: {'; '.join(odd)}" if odd else None
        if not self.paths:
            raise ValueError(
                f"{place} holds no images ({listing.told}); give the folder or archive that does"
            )
        self.lossy: set[str] = set()  # of those that were read
        self.palettes: set[str] = set()  # of those that were read, with 256 colours at most
        self.crop = crop
        if crop is not None:
            self.size, self.mode = (crop, crop), "RGB"
            return
        first = self._plain(self.paths[0])
        self.size, self.mode = first.size, first.mode

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, rows: Tensor) -> Tensor:
        """Images ``rows`` as uint8 (B, C, H, W).

        ValueError names the first file that cannot be read or differs from the others.
        """
        return torch.stack([self._read_file(self.paths[i]) for i in rows.tolist()])

    def states(self) -> list:
        """What decides the images: each file's path, length and time of change, and of archives
        what is taken of them.
        """
        files = [self.folder / file for file in dict.fromkeys(map(file_of, self.paths))]
        states = [
            [str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns] for file in files
        ]
        archives = any(file_of(path) != path for path in self.paths)
        return [states, *([self.paths] if archives else [])]

    def _read_file(self, path: str) -> Tensor:
        if self.crop is not None:
            with _next_step():
                return torch.from_numpy(read_image(self.folder / path, self.crop, self._data(path)))
        image = self._plain(path)
        if (image.size, image.mode) != (self.size, self.mode):
            raise ValueError(
                f"{self._named(path)} is {image.mode} of {image.width}x{image.height} pixels, but "
                f"{self._named(self.paths[0])} is {self.mode} of {self.size[0]}x{self.size[1]}: a "
                "set of images has one size and mode; make them alike, or have a reference cropped "
                "(--protocol transform=center-crop)"
            )
        pixels = np.array(image)
        return torch.from_numpy(pixels).view(image.height, image.width, -1).permute(2, 0, 1)

    def _named(self, path: str) -> str:
        return printable(str(self.folder / path))

    def _data(self, path: str) -> bytes:
        return read_bytes(self.folder, path)

    def _plain(self, path: str) -> Image.Image:
        """The image upright, as grey or RGB."""
        data = self._data(path)
        with _next_step(), opened(self.folder / path, data) as image:
            mode, transparent = image.mode, image.has_transparency_data
            lossy_webp = image.format == "WEBP" and data[AT_WEBP] == LOSSY_WEBP
            if image.format in LOSSY or lossy_webp:
                self.lossy.add(path)
            if image.mode in PALETTES:
                self.palettes.add(path)
            image = upright(image)
            transparent = transparent and _seen_through(image)
            image = image.convert("L" if image.mode in (*GREY, "LA") else "RGB")
        if transparent:
            raise ValueError(
                f"{self._named(path)} is a {mode} image; metrics take RGB or grey ones: convert "
                "it yourself, because what lies behind transparency is a choice"
            )
        return image


def _seen_through(image: Image.Image) -> bool:
    """Whether any pixel is transparent: many programs write an alpha that is full everywhere."""
    return image.convert("RGBA").getchannel("A").getextrema()[0] < OPAQUE


@contextlib.contextmanager
def _next_step() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{error}; repair or remove it") from None


def read_npz(path: Path) -> tuple[dict[str, np.ndarray], Tensor | None]:
    """The statistics and images of an .npz in the format of ADM's suite.

    Returns the statistics (mu, sigma, mu_s, sigma_s), and the images arr_0, stored as (N, H, W, C),
    as uint8 (N, C, H, W) or None. ValueError if the file cannot be read or holds neither.
    """
    known, names = read_arrays(path, (*STATISTICS, "arr_0"))
    images = known.pop("arr_0", None)
    if images is None and not {"mu", "sigma"} <= known.keys():
        raise ValueError(
            f"{path} holds {', '.join(names) or 'nothing'}; needed are images (arr_0) or mu and "
            "sigma: save yours under these names, with numpy.savez"
        )
    if images is not None:
        images = torch.from_numpy(as_images(images, f"{path}: arr_0")).permute(0, 3, 1, 2)
    return known, images


def read_npy(path: Path) -> Tensor:
    """The images of an .npy, stored as (N, H, W, C), as uint8 (N, C, H, W). ValueError as above."""
    return torch.from_numpy(as_images(read_array(path), str(path))).permute(0, 3, 1, 2)


class Stored(Protocol):
    """Images that are read only when needed: an ImageFolder, or Parts."""

    def __len__(self) -> int: ...
    def read(self, rows: Tensor) -> Tensor: ...


def batches(images: Tensor | Stored) -> Iterator[Tensor]:
    """uint8 images (B, C, H, W), in order."""
    if isinstance(images, Tensor):
        yield from images.split(BATCH)
    else:
        for rows in torch.arange(len(images)).split(BATCH):
            yield images.read(rows)
