"""How are the frames of a video file counted and read? By PyAV, the extra ``video``."""

import contextlib
import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from scaling.data.listing.walk import printable

if TYPE_CHECKING:
    from av.container import InputContainer

SUFFIXES = frozenset(".mp4 .m4v .mov .avi .mkv .webm .gif .mpg .mpeg".split())


def is_video(path: str) -> bool:
    """Whether the name ``path`` is that of a video file."""
    return Path(path).suffix.lower() in SUFFIXES


@contextlib.contextmanager
def _opened(path: Path) -> Iterator["InputContainer"]:
    """The video, open while entered. ValueError names a file that cannot be read, and why."""
    try:
        import av
    except ImportError:
        raise ValueError(
            f"{printable(str(path))} is a video file, which PyAV reads: pip install "
            "'dit-scaling[video]', or give each clip as a folder of its frames"
        ) from None
    try:
        with av.open(str(path)) as video:
            if not video.streams.video:
                raise ValueError(f"{printable(str(path))} has no pictures; remove it")
            yield video
    except (av.FFmpegError, OSError) as error:
        raise ValueError(
            f"{printable(str(path))} cannot be read as a video ({error}); repair or remove it"
        ) from None


@functools.lru_cache(maxsize=100_000)
def _counted(path: Path, length: int, changed_ns: int) -> tuple[int, int, int]:
    with _opened(path) as video:
        stream = video.streams.video[0]
        frames = sum(1 for _ in video.decode(stream))  # a header may be silent, or wrong
        return frames, stream.width, stream.height


def count_frames(path: Path) -> tuple[int, int, int]:
    """How many frames the video has, and their width and height in pixels.

    Every frame is decoded, once a process for a file that does not change. ValueError names a file
    that cannot be read.
    """
    state = path.stat()
    return _counted(path, state.st_size, state.st_mtime_ns)


def read_frames(path: Path, start: int, count: int) -> list[Image.Image]:
    """``count`` frames of the video from frame ``start`` (from 0), as RGB images.

    It is decoded from its beginning, as only then each frame is the one that is meant. ValueError
    as ``count_frames``, and where the video ends before.
    """
    with _opened(path) as video:
        decoded = itertools.islice(video.decode(video.streams.video[0]), start + count)
        frames, there = [], 0
        for there, frame in enumerate(decoded, 1):
            if there > start:
                frames.append(frame.to_image())
    if len(frames) < count:
        raise ValueError(
            f"{printable(str(path))} has {there} frames, and frames {start} to "
            f"{start + count - 1} were there before: do not change data while it is used"
        )
    return frames
