"""What does an .npz in the format of ADM's suite hold? Read in parts, as it may exceed memory.

arr_0                     images (N, H, W, C) uint8
mu, sigma, mu_s, sigma_s  statistics of features, those of sFID with the suffix
computed_by               JSON: the features, and of how many images; in files of ours alone
"""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
import torch
from torch import Tensor

from scaling.evaluation.images.arrays import DAMAGED, member_of, read_arrays
from scaling.evaluation.images.read import STATISTICS, read_npz

IMAGES, COMPUTED_BY = "arr_0", "computed_by"
HASHED = 2**22  # bytes read at a time for the content's hash


class NpzImages:
    """The images of an .npz, of which only the rows asked for are in memory.

    Rows are read fastest in ascending order: a compressed file is unpacked from its start.
    """

    def __init__(self, path: Path):
        """OtherImages where ``arr_0`` is no uint8 (N, H, W, 1 or 3)."""
        self.path = path
        with zipfile.ZipFile(path) as file:
            self._member = member = member_of(file, IMAGES)
        self._shape = shape = member.shape
        usual = member.dtype == np.uint8 and not member.fortran
        if not usual or len(shape) != 4 or shape[3] not in (1, 3) or not shape[0]:
            raise OtherImages(f"{path}: {IMAGES} is {member.dtype} {shape}")
        self._each = int(np.prod(shape[1:]))
        member.check_length()
        self._stream: IO[bytes] | None = None
        self._at = 0  # the row that the stream comes to next

    def __len__(self) -> int:
        return self._shape[0]

    def read(self, rows: Tensor) -> Tensor:
        """Images ``rows`` as uint8 (B, C, H, W). ValueError for a damaged file."""
        wanted = rows.tolist()
        if self._member.is_stored:
            images = self._member.mapped(self.path, "r")[wanted]
        else:
            out = {row: self._unpacked(row) for row in sorted(set(wanted))}
            images = np.stack([out[row] for row in wanted])
        return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()

    def _unpacked(self, row: int) -> np.ndarray:
        if self._stream is None or row < self._at:
            self._stream, self._at = self._opened(), 0
        while self._at < row:
            self._piece(self._stream)
            self._at += 1
        self._at += 1
        return np.frombuffer(self._piece(self._stream), np.uint8).reshape(self._shape[1:])

    def _opened(self) -> IO[bytes]:
        try:
            stream = zipfile.ZipFile(self.path).open(self._member.info)
            stream.read(self._member.begin)
        except DAMAGED as error:
            raise ValueError(f"{self.path} is damaged ({_line(error)}); get it again") from None
        return stream

    def _piece(self, stream: IO[bytes], images: int = 1) -> bytes:
        try:
            piece = stream.read(images * self._each)
        except DAMAGED as error:
            raise ValueError(f"{self.path} is damaged ({_line(error)}); get it again") from None
        if len(piece) < images * self._each:
            raise ValueError(f"{self.path} ends within its images; get it again")
        return piece

    def content(self) -> str:
        """The hash of the pixels, in one pass, in which the zip's checksums are verified too."""
        count, height, width, channels = self._shape
        sha256 = hashlib.sha256(str((count, channels, height, width)).encode())
        at_once = max(1, HASHED // self._each)
        with self._opened() as stream:
            for start in range(0, count, at_once):
                part = min(at_once, count - start)
                pixels = np.frombuffer(self._piece(stream, part), np.uint8)
                pixels = pixels.reshape(part, height, width, channels).transpose(0, 3, 1, 2)
                sha256.update(np.ascontiguousarray(pixels))
            self._ended(stream)
        return sha256.hexdigest()[:16]

    def _ended(self, stream: IO[bytes]) -> None:
        try:
            stream.read(1)  # at its end a member's checksum is compared
        except DAMAGED as error:
            raise ValueError(f"{self.path} is damaged ({_line(error)}); get it again") from None


def open_npz(path: Path) -> tuple[dict[str, np.ndarray], NpzImages | Tensor | None, dict]:
    """The statistics, the images and what computed the statistics, of an .npz.

    Images of 8 bits are read when they are asked for; others become a tensor (N, C, H, W) uint8.
    ValueError, in one line, for a file that cannot be read or holds neither.
    """
    known, names = read_arrays(path, (*STATISTICS, COMPUTED_BY))
    try:
        by = json.loads(str(known.pop(COMPUTED_BY, "{}")))
        images: NpzImages | Tensor | None = NpzImages(path) if IMAGES in names else None
    except OtherImages:
        _, images = read_npz(path)
    except DAMAGED as error:
        raise ValueError(f"{path} cannot be read as an .npz ({_line(error)})") from None
    if images is None and not {"mu", "sigma"} <= known.keys():
        raise ValueError(
            f"{path} holds {', '.join(names) or 'nothing'}; needed are images (arr_0) or mu and "
            "sigma: save yours under these names, with numpy.savez"
        )
    return known, images, by if isinstance(by, dict) else {}


class OtherImages(ValueError):
    """The array of images is none of 8 bits in numpy's usual order."""


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
