"""What arrays does an .npz file of ours hold? Read whole, or named as damaged."""

import io
from pathlib import Path

import numpy as np

from scaling.records.parsed import Damaged, content_of
from scaling.study.libraries import first_line

IMAGES = (4, 5)  # dimensions of images (n, C, H, W), and of clips (n, C, F, H, W)


def read_arrays(path: Path, **dimensions: int | tuple[int, ...]) -> dict[str, np.ndarray] | None:
    """The arrays in an .npz file by name, each of so many ``dimensions``, or of one of several
    numbers of them, and as long as the others.

    None where there is no such file. Raises Unreadable.
    """
    mend = "take it away, or measure it again"
    content = content_of(path, mend)
    if content is None:
        return None
    if not content.startswith(b"PK"):  # numpy would take it for a pickle, and say how to trust it
        why = "it begins otherwise" if content else "it is empty"
        raise Damaged(path, f"is no whole .npz file ({why})", mend)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in dimensions}
    except Exception as error:  # arbitrary bytes can make it raise anything
        why = first_line(error)
        raise Damaged(path, f"is no whole .npz file ({why})", mend) from None
    shapes = {name: array.shape for name, array in arrays.items()}
    if (
        any(not _has(array, dimensions[name]) for name, array in arrays.items())
        or len({shape[0] for shape in shapes.values()}) != 1
        or not all(map(_holds_numbers, arrays.values()))
    ):
        raise Damaged(path, f"holds arrays of other shapes ({shapes})", mend)
    return arrays


def _has(array: np.ndarray, dimensions: int | tuple[int, ...]) -> bool:
    return array.ndim in (dimensions if isinstance(dimensions, tuple) else (dimensions,))


def _holds_numbers(array: np.ndarray) -> bool:
    return array.size > 0 and bool(np.issubdtype(array.dtype, np.number))
