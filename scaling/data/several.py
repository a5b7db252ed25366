"""Which image files hold several frames? Animations (GIF, WebP, APNG, AVIF) and TIFFs of pages.

Of such a file only the first frame is an image of a set, and every command says so. The pictures
that a camera stores beside a photo (MPO) are no frames of it.
"""

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from scaling.data.listing import file_of, read_bytes
from scaling.data.listing.names import listed

READING_THREADS = 16
HEADER = 4096  # bytes, in which all but GIF and TIFF tell whether frames follow
PNG, ANIMATED_PNG = b"\x89PNG\r\n\x1a\n", b"acTL"
WEBP_FLAGS, ANIMATED_WEBP = 20, 2  # where an extended WebP's flags stand, and the one for frames
TELL_LATE = (b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # GIF, TIFF and BigTIFF


def several_frames(folder: Path, paths: Sequence[str]) -> list[str]:
    """Those of the images ``paths`` of a listing's ``folder`` that hold more than one frame.

    Files that cannot be read are left to whoever reads them.
    """
    with ThreadPoolExecutor(READING_THREADS) as pool:
        found = pool.map(lambda path: has_several(folder, path), paths)
        return [path for path, several in zip(paths, found) if several]


def has_several(folder: Path, path: str) -> bool:
    """As ``several_frames``, of one image."""
    try:
        return _has_several(_begin(folder, path), lambda: read_bytes(folder, path))
    except (OSError, ValueError):
        return False


def told_of_several(paths: Sequence[str]) -> str:
    """In words; "" where there are none."""
    if not paths:
        return ""
    hold = "file holds" if len(paths) == 1 else "files hold"
    return (
        f"{len(paths)} {hold} several frames, of which the first is taken: {listed([*paths])}; for "
        "all of them write each frame as a file of its own"
    )


def _begin(folder: Path, path: str) -> bytes:
    if file_of(path) != path:
        return read_bytes(folder, path, HEADER)
    with open(folder / path, "rb") as file:
        return file.read(HEADER)


def _has_several(begin: bytes, whole: Callable[[], bytes]) -> bool:
    may = begin.startswith(TELL_LATE)
    if begin.startswith(PNG):
        may = ANIMATED_PNG in begin.partition(b"IDAT")[0]
    elif begin[:4] == b"RIFF" and begin[8:16] == b"WEBPVP8X":
        may = bool(begin[WEBP_FLAGS] & ANIMATED_WEBP)
    elif begin[4:8] == b"ftyp":
        may = b"avis" in begin[8:64]
    if not may:
        return False
    try:
        with Image.open(io.BytesIO(whole())) as image:
            return bool(getattr(image, "is_animated", False))
    except Exception:  # each format's parser raises its own; whoever reads the image names it
        return False
