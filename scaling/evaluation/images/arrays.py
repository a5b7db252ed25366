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

import numpy as np
import psutil
from numpy.lib import format as npy

from scaling.data.pixels import to_8_bits

CHUNK = 1 << 20  # bytes checked at a time
AT_A_TIME = 64  # images turned into 8 bits at a time
LOCAL_HEADER = 30  # bytes, before a zip member's name and extra field
READ_HEADER = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
DAMAGED = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, struct.error)


def read_arrays(path: Path, wanted: Iterable[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Those of the ``wanted`` arrays of an .npz that it has, and the names of all that it has.

    ValueError for a file that is damaged, or that memory does not hold.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            arrays = {
                name: _array(path, archive, members[name]) for name in wanted if name in members
            }
    except DAMAGED as error:
        raise ValueError(
            f"{path} cannot be read as an .npz ({' '.join(str(error).split())})"
        ) from None
    return arrays, list(members)


def read_array(path: Path) -> np.ndarray:
    """The array of an .npy, mapped. ValueError for a file that is damaged."""
    try:
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except DAMAGED as error:
        raise ValueError(
            f"{path} cannot be read as an .npy ({' '.join(str(error).split())})"
        ) from None


def _array(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(info) as member:
        version = npy.read_magic(member)
        if version not in READ_HEADER:
            raise ValueError(f"{info.filename} has a header of version {version}")
        shape, fortran, dtype = READ_HEADER[version](member)
        begin = member.tell()
        if dtype.hasobject:
            raise ValueError(f"{info.filename} holds Python objects, not numbers")
        needed = math.prod(shape) * dtype.itemsize
        if begin + needed != info.file_size:
            raise ValueError(
                f"{info.filename} should hold {needed} bytes for {dtype} {shape}, and holds "
                f"{info.file_size - begin}"
            )
        if info.compress_type != zipfile.ZIP_STORED or needed < CHUNK:
            if needed > (free := free_memory()):
                raise ValueError(
                    f"{info.filename} unpacks from {info.compress_size / 1e6:.3g} MB to "
                    f"{needed / 1e9:.3g} GB, this machine has {free / 1e9:.3g} GB free; save it "
                    "with np.savez, which does not compress, or give fewer images"
                )
            member.seek(0)
            return npy.read_array(member, allow_pickle=False)
        while member.read(CHUNK):  # raises where the checksum does not match
            pass
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        name, extra = struct.unpack("<HH", file.read(LOCAL_HEADER)[-4:])
    start = info.header_offset + LOCAL_HEADER + name + extra + begin
    return np.memmap(path, dtype, "c", start, shape, "F" if fortran else "C")


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
    try:
        for i in range(0, len(values), AT_A_TIME):
            out[i : i + AT_A_TIME] = to_8_bits(values[i : i + AT_A_TIME])
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
    return out
