"""How are arrays read from an .npy or .npz, without more memory than they need?

What is not compressed is mapped from the file. What is compressed is unpacked only if memory holds
it: a few kilobytes may unpack to more than any machine has.
"""

import math
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import psutil
from numpy.lib import format as npy

from scaling.data.listing.npy import header_of
from scaling.data.pixels import to_8_bits

CHUNK = 1 << 20  # bytes checked at a time
AT_A_TIME = 64  # images turned into 8 bits at a time
LOCAL_HEADER = 30  # bytes, before a zip member's name and extra field
DAMAGED = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, struct.error)


def read_arrays(path: Path, wanted: Iterable[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Those of the ``wanted`` arrays of an .npz that it has, and the names of all that it has.

    ValueError for a file that is damaged, or that memory does not hold.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename.removesuffix(".npy") for info in archive.infolist()]
            arrays = {name: _array(path, archive, name) for name in wanted if name in names}
    except DAMAGED as error:
        raise ValueError(
            f"{path} cannot be read as an .npz ({' '.join(str(error).split())})"
        ) from None
    return arrays, names


def read_array(path: Path) -> np.ndarray:
    """The array of an .npy, mapped. ValueError for a file that is damaged."""
    try:
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except DAMAGED as error:
        raise ValueError(
            f"{path} cannot be read as an .npy ({' '.join(str(error).split())})"
        ) from None


class Member(NamedTuple):
    """An array in an .npz, of which only the header was read."""

    info: zipfile.ZipInfo
    begin: int  # bytes of the member before its values
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def is_stored(self) -> bool:
        """Whether it is not compressed, so that it can be mapped."""
        return self.info.compress_type == zipfile.ZIP_STORED

    def check_length(self) -> None:
        """ValueError unless it holds as many bytes as its header says."""
        if self.begin + self.nbytes != self.info.file_size:
            raise ValueError(
                f"{self.info.filename} should hold {self.nbytes} bytes for {self.dtype} "
                f"{self.shape}, and holds {self.info.file_size - self.begin}; write it again by "
                "numpy.savez"
            )

    def mapped(self, path: Path, mode: Literal["r", "c"]) -> np.ndarray:
        """Its values, mapped from the .npz at ``path``; only if ``is_stored``."""
        with open(path, "rb") as file:
            file.seek(self.info.header_offset)
            lengths = struct.unpack("<HH", file.read(LOCAL_HEADER)[-4:])
        start = self.info.header_offset + LOCAL_HEADER + sum(lengths) + self.begin
        return np.memmap(path, self.dtype, mode, start, self.shape, "F" if self.fortran else "C")


def member_of(archive: zipfile.ZipFile, name: str) -> Member:
    """The header of the array ``name`` in an .npz. ValueError for a header of another version."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as member:
        shape, fortran, dtype = header_of(member)
        return Member(info, member.tell(), shape, fortran, dtype)


def _array(path: Path, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    member = member_of(archive, name)
    if member.dtype.hasobject:
        raise ValueError(f"{member.info.filename} holds Python objects, not numbers")
    member.check_length()
    with archive.open(member.info) as file:
        if not member.is_stored or member.nbytes < CHUNK:
            if member.nbytes > (free := free_memory()):
                raise ValueError(
                    f"{member.info.filename} unpacks from {member.info.compress_size / 1e6:.3g} MB "
                    f"to {member.nbytes / 1e9:.3g} GB, this machine has {free / 1e9:.3g} GB free; "
                    "save it with np.savez, which does not compress, or give fewer images"
                )
            return npy.read_array(file, allow_pickle=False)
        while file.read(CHUNK):  # raises where the checksum does not match
            pass
    return member.mapped(path, "c")


def free_memory() -> int:
    """Bytes that this machine can still give."""
    return psutil.virtual_memory().available


def as_images(values: np.ndarray, what: str) -> np.ndarray:
    """Images (N, H, W, C) of any type as uint8, (N, H, W, 1 or 3). ``what`` names them in errors.

    ValueError for another shape, and for values without a range (``scaling.data.pixels``).
    """
    if values.ndim != 4 or values.shape[3] not in (1, 3) or not values.size:
        turned = values.ndim == 4 and values.shape[1] in (1, 3)
        grey = values.ndim == 3
        raise ValueError(
            f"{what} is {values.dtype} {values.shape}; images are (N, H, W, 3) or (N, H, W, 1), "
            "one or more"
            + ("; turn yours with .transpose(0, 2, 3, 1)" if turned else "")
            + ("; give yours a last axis with [..., None]" if grey else "")
        )
    if values.dtype == np.uint8:
        return values
    out = np.empty(values.shape, np.uint8)
    if values.dtype.kind in "ui" and 0 < (top := values.max()) <= np.iinfo(values.dtype).max // 16:
        raise ValueError(
            f"{what}: {values.dtype} values up to {top} of {np.iinfo(values.dtype).max}, in all "
            f"{len(values)} images: as 8 bits they would be nearly black; save 8-bit integers, or "
            "scale them to the whole range"
        )
    try:
        for i in range(0, len(values), AT_A_TIME):
            out[i : i + AT_A_TIME] = to_8_bits(values[i : i + AT_A_TIME])
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
    return out
