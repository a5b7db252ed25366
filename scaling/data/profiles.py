"""Which images have colours of another space than sRGB? By a profile in the file, or what a camera
or a PNG says of it.

As other tools of the field do, every command takes an image's numbers as they are, whatever its
profile says they mean, so that figures can be compared. So it is said where the colours are others.
"""

import functools
import io
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from scaling.data.crop import opened
from scaling.data.listing import file_of, read_bytes
from scaling.data.listing.walk import counted

READING_THREADS = 16
LOOKED_AT = 2_000  # images of a set, evenly spaced
OTHER = 4.0  # of 255: how far colours lie off, in the mean of all, where they are another space's
LEVELS = {"RGB": 5, "L": 64, "CMYK": 4}  # of each band, between which colours are compared
PLAIN = {"RGBA": "RGB", "P": "RGB", "PA": "RGB", "LA": "L", "1": "L", "RGBX": "RGB"}
INTEROPERABILITY, ADOBE = 0xA005, "R03"  # EXIF's tag, and what cameras say in it of Adobe RGB
GAMMA, NEAR = 0.45455, 0.05  # PNG's of sRGB


def told_of_profiles(folder: Path, paths: Sequence[str]) -> str:
    """In words, how many of a listing's images have colours of another space than sRGB, as far as
    some of them tell; "" where none has.
    """
    looked = paths[:: -(-len(paths) // LOOKED_AT) or 1]
    with ThreadPoolExecutor(READING_THREADS) as pool:
        spaces = Counter(filter(None, pool.map(lambda path: _space(folder, path), looked)))
    if not spaces:
        return ""
    at = " that were looked at" if len(looked) < len(paths) else ""
    return (
        f"{sum(spaces.values())} of {len(looked)} images{at} have colours of another space than "
        f"sRGB ({counted(spaces)}), and are read as if they were sRGB's, as other tools do: "
        "convert them where colours matter"
    )


def _space(folder: Path, path: str) -> str:
    """The colour space of an image, "" of sRGB, and of one that cannot be read, which whoever reads
    it names.
    """
    data = None if file_of(path) == path else read_bytes(folder, path)
    try:
        with opened(folder / path, data) as image:
            if profile := image.info.get("icc_profile"):
                return _by_profile(profile, PLAIN.get(image.mode, image.mode))
            if image.getexif().get_ifd(INTEROPERABILITY).get(1) == ADOBE:
                return "Adobe RGB by EXIF"
            gamma = image.info.get("gamma", GAMMA)
            odd = abs(gamma - GAMMA) > NEAR and "srgb" not in image.info
            return f"gamma of {gamma:.3g}" if odd else ""
    except ValueError:
        return ""


@functools.lru_cache(maxsize=256)
def _by_profile(profile: bytes, mode: str) -> str:
    """The name of a profile's space where its colours are not sRGB's; "" where they are, and of a
    profile that cannot be used, which viewers pass over, too.
    """
    if mode not in LEVELS:
        return ""
    bands = len(Image.new(mode, (1, 1)).getbands())
    levels = np.linspace(0, 255, LEVELS[mode]).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(*[levels] * bands, indexing="ij"), -1).reshape(1, -1, bands)
    colours = Image.frombytes(mode, cube.shape[1::-1], cube.tobytes())
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(colours, source, srgb, outputMode="RGB")
        name = ImageCms.getProfileDescription(source).strip()
    except (ImageCms.PyCMSError, OSError):
        return ""
    assert shown is not None  # it is only changed in place where that is asked for
    off = np.asarray(shown, float) - np.asarray(colours.convert("RGB"), float)
    return (name or "a profile without a name") if abs(off).mean() > OTHER else ""
