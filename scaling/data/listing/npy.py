"""How does Pillow read one image from an .npy? By a plugin of its own; shape and type must be an
image's.

    (H, W), (H, W, 1 or 3), (1 or 3, H, W)    of bool, uint8 or uint16
"""

import io
from typing import IO

import numpy as np
from numpy.lib import format as npy
from PIL import Image, ImageFile

from scaling.data.pixels import to_8_bits

FORMAT, SUFFIX, MAGIC = "NPY", ".npy", b"\x93NUMPY"
READ_HEADER = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
TYPES = ("bool", "uint8", "uint16")
LEAST_SIDE = 8  # pixels; what is narrower is a table or a list of labels
CHANNELS = {1: "L", 3: "RGB"}


class NpyImage(ImageFile.ImageFile):
    """The image of an .npy, of which the header is read first."""

    format = FORMAT
    format_description = "numpy's array"

    def _open(self) -> None:
        header = header_of(self.fp)
        as_image = _as_image(*header)
        if as_image is None:
            raise SyntaxError(f"{_told(*header)} is no image")  # so Pillow's plugins decline a file
        self._size, self._mode, self._first = as_image

    def load(self):
        if self._im is None:
            self.fp.seek(0)
            values = npy.read_array(self.fp, allow_pickle=False)
            if values.ndim == 3:
                values = values.transpose(1, 2, 0) if self._first else values
                values = values[..., 0] if self.mode == "L" else values
            self.im = Image.fromarray(np.ascontiguousarray(to_8_bits(values))).im
        return Image.Image.load(self)


def header_of(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether in Fortran's order, and type of the array in a file, which is left at its
    values. ValueError for what is no header.
    """
    version = npy.read_magic(file)
    if version not in READ_HEADER:
        raise ValueError(f"a header of version {version}")
    return READ_HEADER[version](file)


def told(begin: bytes) -> str:
    """What an .npy that begins so holds, such as "float32 (4, 32, 32)"."""
    try:
        return _told(*header_of(io.BytesIO(begin)))
    except ValueError:
        return "damaged arrays"


def _told(shape: tuple[int, ...], _: bool, dtype: np.dtype) -> str:
    return f"{dtype.name} {shape}"


def _as_image(
    shape: tuple[int, ...], _: bool, dtype: np.dtype
) -> tuple[tuple[int, int], str, bool] | None:
    """Width and height, mode, and whether channels come first; None for what is no image."""
    if len(shape) == 2:
        shape, first = (*shape, 1), False
    elif len(shape) == 3:
        first = shape[2] not in CHANNELS
        shape = (*shape[1:], shape[0]) if first else shape
    else:
        return None
    height, width, channels = shape
    if channels not in CHANNELS or min(height, width) < LEAST_SIDE or dtype.name not in TYPES:
        return None
    return (width, height), CHANNELS[channels], first


Image.register_open(FORMAT, NpyImage, lambda begin: begin.startswith(MAGIC))
Image.register_extension(FORMAT, SUFFIX)
