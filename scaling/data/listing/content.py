"""Is a file an image? Its suffix tells, or its first bytes."""

import contextlib
import io
import os

from PIL import Image

from scaling.data.listing import npy

SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .webp .bmp .dib .gif .tif .tiff .ppm .pgm .pbm .pnm .pfm "
    ".jp2 .j2k .jpx .avif .avifs .tga .mpo .qoi".split()
)
# Formats that Pillow tells by their first bytes. The others are told by their suffix alone.
TOLD_BY_CONTENT = (
    *"JPEG PNG WEBP BMP GIF TIFF PPM JPEG2000 AVIF QOI".split(),
    npy.FORMAT,
)
HEADER = 4096  # bytes that tell a format
# Pictures that Pillow does not read: a person who has them wants to know.
NOT_READ = frozenset(
    ".heic .heif .jxl .svg .cr2 .cr3 .nef .arw .dng .orf .raf .rw2 .exr .hdr .dcm".split()
)

# Stores of images that are not read, and what they are
NOT_UNPACKED = {
    **dict.fromkeys((".mdb", ".lmdb"), "LMDB"),
    **dict.fromkeys((".h5", ".hdf5"), "HDF5"),
    **dict.fromkeys((".tfrecord", ".tfrecords"), "TensorFlow's records"),
    **dict.fromkeys((".pkl", ".pickle"), "a pickle, which could run code"),
    **{".rec": "MXNet's records", ".mds": "Mosaic's shards", ".beton": "FFCV", ".mat": "Matlab"},
    ".npz": "arrays of numpy",
}
UNFINISHED = frozenset(".part .partial .crdownload .download .aria2 .tmp".split())  # downloads


def is_image(path: str, real: str) -> bool:
    """Whether the file ``real`` is an image, where ``path`` is its name, of a link or itself."""
    suffix = suffix_of(path)
    if suffix in NOT_READ | UNFINISHED:
        return False
    return suffix in SUFFIXES or begins_as_image(real)


def suffix_of(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def kind_of(path: str, real: str) -> str:
    """What a file that is no image is counted as: its suffix, and of an array what it holds."""
    suffix = suffix_of(path)
    if suffix != npy.SUFFIX:
        return suffix or "without suffix"
    with contextlib.suppress(OSError), open(real, "rb") as file:
        return f"{suffix} of {npy.told(file.read(HEADER))}"
    return suffix


def begins_as_image(path: str) -> bool:
    """Whether the file's first bytes are those of an image that Pillow reads."""
    try:
        with open(path, "rb") as file:
            return told_by_content(file.read(HEADER))
    except OSError:  # one that may not be read
        return False


def told_by_content(begin: bytes) -> bool:
    """Whether a file with these first bytes is an image."""
    try:
        with Image.open(io.BytesIO(begin), formats=TOLD_BY_CONTENT):
            return True
    except Image.DecompressionBombError:
        return True
    except Exception:  # each format's parser raises its own where the rest is not as it says
        return begin.startswith(MAGIC)


# Formats whose size may stand behind the first bytes, as in a JPEG with a thumbnail
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"GIF87a", b"GIF89a")
