"""How are many samples drawn so that a kill loses little and any worker can help? In parts.

    FOLDER/asked.json                which samples these are
    FOLDER/part-0-1000.npy           images (n, C, H, W) uint8
    FOLDER/part-0-1000.json          how many of them were not finite; written last

Image i depends on (seed, i) alone, so a part is the same whoever draws it. The process that draws a
part holds its lock.
"""

import functools
import io
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired

import numpy as np
import torch
from filelock import FileLock, Timeout
from pydantic import with_config
from torch import Tensor
from typing_extensions import TypedDict

from scaling.records.files import write_bytes, write_json
from scaling.records.parsed import STRICT, Damaged, Shape, Whole

ASKED = "asked.json"


@with_config(STRICT)
class Part(TypedDict):
    """``part-A-B.json``: written once the part's images are."""

    nonfinite: Whole
    helped_s: NotRequired[float]  # that it took, where who drew it only helps


REMOVE = "remove the folder: the samples are drawn again"
ASKED_SHAPE: Shape[dict[str, Any]] = Shape(dict[str, Any], REMOVE)
PART: Shape[Part] = Shape(Part, REMOVE)
POLL_S = 0.2  # seconds between checks for a part that another process is drawing

# rows -> images (n, C, H, W) uint8, how many were not finite
Draw = Callable[[range], tuple[Tensor, int]]


@dataclass(frozen=True)
class Parts:
    """``count`` samples in parts of ``size``; they can be read once all parts exist."""

    folder: Path
    count: int
    size: int

    def begin(self, asked: dict) -> list[str]:
        """Start or continue the folder for the samples that ``asked`` describes.

        Returns the keys in which an existing folder differs from ``asked``.
        """
        if not (self.folder / ASKED).exists():
            write_json(self.folder / ASKED, asked)
        return self.changed(asked)

    def changed(self, asked: dict) -> list[str]:
        """The keys in which the folder differs from ``asked``; none where there is no folder."""
        before = ASKED_SHAPE.read(self.folder / ASKED)
        return [key for key in asked if before is not None and before.get(key) != asked[key]]

    @property
    def ranges(self) -> list[range]:
        return [range(i, min(i + self.size, self.count)) for i in range(0, self.count, self.size)]

    def left(self) -> list[range]:
        return [rows for rows in self.ranges if self._part(rows) is None]

    def draw(self, draw: Draw, wait: bool = True) -> None:
        """Draw every missing part that no other process is drawing.

        With ``wait``, return only when all parts exist.
        """
        # if asked.json is gone, another process has used the samples and removed the folder
        while (left := self.left()) and (self.folder / ASKED).exists():
            if not any([self.draw_one(rows, draw, helps=not wait) for rows in left]):
                if not wait:
                    return
                time.sleep(POLL_S)

    def draw_one(self, rows: range, draw: Draw, wait: bool = False, helps: bool = False) -> bool:
        """Draw the part ``rows`` unless it exists. The seconds of one who ``helps`` are noted.

        Returns False if another process is drawing it and ``wait`` is false.
        """
        try:
            # the kernel releases the lock however its holder ends
            with FileLock(self._path(rows, "lock"), timeout=-1 if wait else 0):
                if self._part(rows) is None:
                    began = time.perf_counter()
                    images, nonfinite = draw(rows)
                    array = io.BytesIO()
                    np.save(array, images.numpy())
                    write_bytes(self._path(rows, "npy"), array.getvalue())
                    told = {"nonfinite": nonfinite}
                    if helps:
                        told["helped_s"] = time.perf_counter() - began
                    write_json(self._path(rows, "json"), told)
        except Timeout:
            return False
        return True

    @property
    def nonfinite(self) -> int:
        return sum(part["nonfinite"] for rows in self.ranges if (part := self._part(rows)))

    @property
    def helped_s(self) -> float:
        """Seconds in which processes that only help drew parts."""
        parts = [part for rows in self.ranges if (part := self._part(rows))]
        return sum(part.get("helped_s", 0.0) for part in parts)

    def __len__(self) -> int:
        return self.count

    def read(self, rows: Tensor) -> Tensor:
        """Images ``rows``, in ascending order, as uint8 (B, C, H, W)."""
        numbers = rows // self.size
        pieces = [
            _mapped(self._path(self.ranges[n], "npy"))[(rows[numbers == n] - n * self.size).numpy()]
            for n in numbers.unique().tolist()
        ]
        return torch.from_numpy(np.concatenate(pieces))

    def clear(self) -> None:
        shutil.rmtree(self.folder)
        _mapped.cache_clear()

    def _part(self, rows: range) -> Part | None:
        """What the part says of itself; None where it is not drawn, or damaged."""
        try:
            return PART.read(self._path(rows, "json"))
        except Damaged:
            return None

    def _path(self, rows: range, kind: str) -> Path:
        return self.folder / f"part-{rows.start}-{rows.stop}.{kind}"


@functools.lru_cache(maxsize=2)
def _mapped(path: Path) -> np.ndarray:
    try:
        return np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise Damaged(path, f"is no whole .npy file ({error})", REMOVE) from None
