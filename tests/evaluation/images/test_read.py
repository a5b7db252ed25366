"""Are images of a folder or an .npz read as they are, in order, and refused by name?"""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.evaluation.images import read as images
from scaling.evaluation.images.read import ImageFolder, batches, read_npz

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 6, 4, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "below").mkdir()
    for i, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(tmp_path / ("below" if i % 2 else ".") / f"{i}.png")
    return tmp_path


def test_a_folder_is_read_in_the_order_of_its_names(folder):
    found = ImageFolder(folder)
    order = [int(Path(path).stem) for path in found.paths]
    assert found.paths == sorted(found.paths) and sorted(order) == list(range(5))
    expected = torch.from_numpy(PIXELS[order]).permute(0, 3, 1, 2)
    assert torch.equal(found.read(torch.arange(5)), expected)
    assert torch.equal(found.read(torch.tensor([3, 0])), expected[[3, 0]])


def test_an_image_unlike_the_first_is_named_with_both_sizes(folder):
    Image.fromarray(PIXELS[0, :5]).save(folder / "odd.png")
    found = ImageFolder(folder)
    (row,) = [i for i, path in enumerate(found.paths) if path == "odd.png"]
    with pytest.raises(ValueError, match=r"odd\.png is RGB of 4x5 pixels, but .* RGB of 4x6"):
        found.read(torch.tensor([row]))
    assert ImageFolder(folder, crop=4).read(torch.tensor([row])).shape == (1, 3, 4, 4)


def test_an_npz_holds_images_or_statistics_or_both(tmp_path):
    statistics = {"mu": np.zeros(2), "sigma": np.eye(2)}
    np.savez(tmp_path / "both.npz", arr_0=PIXELS, **statistics)
    found, pixels = read_npz(tmp_path / "both.npz")
    assert found.keys() == statistics.keys()
    assert torch.equal(pixels, torch.from_numpy(PIXELS).permute(0, 3, 1, 2))
    np.savez(tmp_path / "statistics.npz", **statistics)
    assert read_npz(tmp_path / "statistics.npz")[1] is None
    for arrays, says in (
        ({"mu": np.zeros(2)}, "holds mu; needed are images"),
        ({"arr_0": PIXELS.astype(float)}, "arr_0: float64 values from 0 to 255"),
        ({"arr_0": PIXELS[..., :2]}, r"arr_0 is uint8 \(5, 6, 4, 2\)"),
    ):
        np.savez(tmp_path / "wrong.npz", **arrays)
        with pytest.raises(ValueError, match=says):
            read_npz(tmp_path / "wrong.npz")


def test_batches_are_the_images_in_order_wherever_they_lie(folder, monkeypatch):
    monkeypatch.setattr(images, "BATCH", 2)
    stored = ImageFolder(folder)
    whole = stored.read(torch.arange(5))
    for source in (stored, whole):
        parts = list(batches(source))
        assert [len(part) for part in parts] == [2, 2, 1] and torch.equal(torch.cat(parts), whole)


def test_a_folder_is_read_upright_at_8_bits_and_without_litter(tmp_path):
    deep = np.linspace(0, 65535, 24).astype(np.uint16).reshape(6, 4)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    Image.fromarray(np.rot90(deep).copy()).save(tmp_path / "a.png", exif=exif)
    Image.fromarray(deep).save(tmp_path / "b.tif")
    Image.fromarray((deep >> 8).astype(np.uint8)).save(tmp_path / "c.png")
    (tmp_path / ".copies").mkdir()
    Image.fromarray(deep).save(tmp_path / ".copies" / "a.png")
    found = ImageFolder(tmp_path)
    assert (len(found), found.size, found.mode) == (3, (4, 6), "L")
    turned, straight, plain = found.read(torch.arange(3)).int()
    assert torch.equal(turned, straight) and (straight - plain).abs().max() <= 1
    assert found.told.endswith("4 files: 3 images; left out 1: hidden folders 1")


def test_lossy_files_are_counted_as_they_are_read(tmp_path):
    for name, options in (
        ("a.jpg", {}),
        ("b.webp", {"lossless": True}),
        ("c.webp", {"quality": 50}),
        ("d.png", {}),
    ):
        Image.fromarray(PIXELS[0]).save(tmp_path / name, **options)
    found = ImageFolder(tmp_path)
    found.read(torch.arange(4))
    assert found.lossy == {"a.jpg", "c.webp"}


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_alpha_that_is_full_is_none_and_any_other_is_refused(tmp_path, mode):
    plain = Image.fromarray(PIXELS[0]).convert(mode.removesuffix("A"))
    plain.save(tmp_path / "0.png")
    full = plain.copy()
    full.putalpha(255)
    full.save(tmp_path / "1.png")
    first, second = ImageFolder(tmp_path).read(torch.arange(2))
    assert torch.equal(first, second)
    full.putpixel((0, 0), (*full.getpixel((0, 0))[:-1], 254))
    full.save(tmp_path / "1.png")
    with pytest.raises(ValueError, match=f"is a {full.mode} image; .* transparency is a choice"):
        ImageFolder(tmp_path).read(torch.arange(2))


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "it is empty; repair or remove it"),
        (b"version https://git-lfs.github.com/spec/v1", "it is a pointer of git-lfs"),
        (b"<!DOCTYPE html>", "it is a page of HTML or XML"),
        (b"\0\0\0\x18ftypheic", "it is HEIC: convert it"),
        (b"\xff\x0a\xfa", "it is JPEG XL: convert it"),
        (b"nothing known", r"Pillow knows; repair or remove it$"),
    ],
)
def test_what_a_file_is_that_is_no_image_is_told(tmp_path, content, says):
    (tmp_path / "0.png").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        ImageFolder(tmp_path)
