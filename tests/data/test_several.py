"""Are files of several frames told from images, whatever their format and wherever they lie?"""

import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.data import DataSpec, check_data, load_data
from scaling.data.listing import list_images
from scaling.data.several import several_frames, told_of_several
from tests.data.pictures import write_kind

ANIMATED = ("a.gif", "a.webp", "a.png", "a.apng", "a.tif", "big.tiff", "a.jpg", "none")
STILL = ("s.gif", "s.webp", "s.png", "s.tif", "s.jpg", "s.bmp", "lossless.webp", "broken.gif")


def frames(count: int, side: int = 32) -> list[Image.Image]:
    colours = np.random.default_rng(0).integers(0, 255, (count, 1, 1, 3))
    pixels = np.broadcast_to(colours, (count, side, side, 3)).astype(np.uint8)
    return [Image.fromarray(picture) for picture in pixels]


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "set" / "class0"
    place.mkdir(parents=True)
    first, *rest = frames(3)
    kinds = {".gif": "GIF", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF", ".png": "PNG"}
    for name in ANIMATED:
        suffix = name.partition(".")[1] + name.partition(".")[2]
        kind = "GIF" if suffix in (".jpg", "") else kinds.get(suffix, "PNG")  # by another name
        first.save(place / name, kind, save_all=True, append_images=rest)
    for name in STILL:
        more = {"lossless": True} if name == "lossless.webp" else {}
        first.save(place / name, **more)
    (place / "broken.gif").write_bytes((place / "a.gif").read_bytes()[:20])
    return tmp_path / "set"


def test_frames_are_told_in_files_and_archives(folder):
    paths = [f"class0/{name}" for name in (*STILL, *ANIMATED)]
    expected = [f"class0/{name}" for name in ANIMATED]
    assert several_frames(folder, paths) == expected
    with zipfile.ZipFile(folder.parent / "set.zip", "w") as file:
        for path in paths:
            file.write(folder / path, path)
    inside = [f"set.zip::{path}" for path in paths]
    assert several_frames(folder.parent, inside) == [f"set.zip::{path}" for path in expected]


def test_a_photo_with_previews_is_one_image(tmp_path):
    first, second = frames(2)
    first.save(tmp_path / "p.jpg", "MPO", save_all=True, append_images=[second])
    assert Image.open(tmp_path / "p.jpg").n_frames == 2
    assert several_frames(tmp_path, ["p.jpg"]) == []


def test_a_study_is_told_each_time_and_takes_the_first(folder):
    (folder / "class0" / "broken.gif").unlink()
    for i in range(3):
        write_kind(folder / "class1" / f"{i}.png", "rgb.png", 32, 32)
    spec = DataSpec(source="folder", name="toy", size=32, path=str(folder))
    for _ in range(2):  # the second time by its mark
        said = check_data(spec)
        assert "8 files hold several frames, of which the first is taken: class0/a." in said
    data = load_data(spec)
    rows = {path: row for row, path in enumerate(data.train.paths)}
    row = next(rows[path] for path in rows if path in ("class0/a.webp", "class0/a.tif"))
    read = data.train.read(torch.tensor([row]), torch.tensor([False]))[0]
    assert (read.float().mean((1, 2)) - torch.tensor(np.array(frames(1)[0])[0, 0])).abs().max() < 4
    assert list_images(folder).classes == ["class0", "class1"]


def test_words():
    assert told_of_several([]) == ""
    assert told_of_several(["a.gif"]).startswith("1 file holds several frames")
