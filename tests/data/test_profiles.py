"""Are images with colours of another space than sRGB counted, and those of sRGB passed over?"""

import struct
import zlib

import pytest
from PIL import Image, ImageCms

from scaling.data.folder import check_images
from scaling.data.profiles import told_of_profiles
from scaling.evaluation.images.named import lost_in_writing
from scaling.evaluation.images.read import ImageFolder

# what red, green and blue are, adapted to D50
SRGB = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))


def _xyz(colour) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(x * 65536)) for x in colour)


def profile(name: str, gamma: float, primaries=()) -> bytes:
    """A profile of three primaries, or of grey, in ICC's version 2."""
    text = name.encode() + b"\0"
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78,
        b"wtpt": _xyz((0.9642, 1, 0.8249)),
        b"cprt": b"text\0\0\0\0x\0",
        **{band + b"XYZ": _xyz(colour) for band, colour in zip((b"r", b"g", b"b"), primaries)},
        **{band + b"TRC": curve for band in ((b"r", b"g", b"b") if primaries else (b"k",))},
    }
    body, table, at = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        value += b"\0" * (-len(value) % 4)
        table += tag + struct.pack(">II", at + len(body), len(value))
        body += value
    head = struct.pack(
        ">I4xI4s4s4s12x4s",
        128 + len(table) + len(body),
        0x02100000,
        b"mntr",
        b"RGB " if primaries else b"GRAY",
        b"XYZ ",
        b"acsp",
    )
    return head.ljust(68, b"\0") + struct.pack(">III48x", 63190, 65536, 54061) + table + body


def saved(folder, name: str, mode="RGB", **given) -> str:
    folder.mkdir(exist_ok=True)
    Image.new(mode, (8, 8)).save(folder / name, **given)
    return name


PROFILED = [
    ("p3.jpg", "RGB", profile("Display P3", 2.2, P3), "Display P3 1"),
    ("adobe.png", "RGB", profile("Adobe RGB", 2.2, ADOBE), "Adobe RGB 1"),
    ("alpha.webp", "RGBA", profile("Display P3", 2.2, P3), "Display P3 1"),
    ("palette.png", "P", profile("", 1.8, SRGB), "a profile without a name 1"),
    ("grey.tif", "L", profile("Linear", 1.0), "Linear 1"),
    ("srgb.jpg", "RGB", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), ""),
    ("near.png", "RGB", profile("gamma 2.2", 2.2, SRGB), ""),
    ("near-grey.png", "L", profile("gamma 2.2", 2.2), ""),
    ("damaged.jpg", "RGB", b"no profile at all", ""),
    ("of-grey.png", "RGB", profile("Linear", 1.0), ""),  # which does not fit
    ("none.jpg", "RGB", None, ""),
]


# a profile holds the second in which it was made, and is no name for a test
@pytest.mark.parametrize(
    ("name", "mode", "icc", "space"), PROFILED, ids=[name for name, *_ in PROFILED]
)
def test_a_profile_is_told_where_its_colours_are_not_srgbs(tmp_path, name, mode, icc, space):
    said = told_of_profiles(tmp_path, [saved(tmp_path, name, mode, icc_profile=icc)])
    told = f"1 of 1 images have colours of another space than sRGB ({space})"
    assert told in said if space else not said


def adobe_by_exif() -> bytes:
    """EXIF whose one entry leads to the interoperability of Adobe RGB, as cameras write it."""

    def folder(tag: int, kind: int, count: int, value: bytes) -> bytes:
        return struct.pack("<HHHI4sI", 1, tag, kind, count, value, 0)

    places = (struct.pack("<I", at) for at in (26, 44))
    entries = [folder(tag, 4, 1, next(places)) for tag in (0x8769, 0xA005)]
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + b"".join(entries) + folder(1, 2, 4, b"R03\0")


def test_what_a_camera_says_is_told(tmp_path):
    names = [saved(tmp_path, "_DSC1.jpg", exif=adobe_by_exif()), saved(tmp_path, "a.jpg")]
    said = told_of_profiles(tmp_path, names)
    assert "1 of 2 images have colours of another space than sRGB (Adobe RGB by EXIF 1)" in said


@pytest.mark.parametrize(("value", "said"), [(100_000, "gamma of 1 1"), (45_455, "")])
def test_a_pngs_gamma_is_told_where_it_is_not_srgbs(tmp_path, value, said):
    plain = (tmp_path / saved(tmp_path, "a.png")).read_bytes()
    chunk = b"gAMA" + struct.pack(">I", value)
    chunk = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(plain[:33] + chunk + plain[33:])
    told = told_of_profiles(tmp_path, ["a.png"])
    assert said in told and bool(said) == bool(told)


def test_studies_and_evaluations_say_it(tmp_path, monkeypatch):
    icc = profile("Display P3", 2.2, P3)
    place = tmp_path / "set"
    names = [saved(place, f"{i}.png", icc_profile=icc if i < 2 else None) for i in range(4)]
    said = "2 of 4 images have colours of another space than sRGB (Display P3 2)"
    assert said in check_images(place, names, 8)
    folder = ImageFolder(place)
    assert said in folder.told and said in lost_in_writing(folder)
    monkeypatch.setattr("scaling.data.profiles.LOOKED_AT", 2)
    assert "1 of 2 images that were looked at" in told_of_profiles(place, names)
