"""Is an .npz larger than memory read in parts, and a damaged one refused?"""

import tracemalloc
import zipfile

import numpy as np
import pytest
import torch

from scaling.evaluation.images.npz import open_npz
from scaling.evaluation.images.real_images import content_of
from scaling.evaluation.images.reference import Reference

WRITERS = {"stored": np.savez, "deflated": np.savez_compressed}
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 6, 4, 3), dtype=np.uint8)


@pytest.fixture(params=WRITERS)
def write(request):
    return WRITERS[request.param]


def test_rows_are_those_of_the_array_in_any_order(tmp_path, write):
    write(tmp_path / "a.npz", mu=np.zeros(3), sigma=np.eye(3), arr_0=PIXELS)
    whole = torch.from_numpy(PIXELS).permute(0, 3, 1, 2)
    _, images, _ = open_npz(tmp_path / "a.npz")
    assert len(images) == 40 and images.read(torch.arange(2)).shape == (2, 3, 6, 4)
    for rows in ([0, 1], [7, 30], [5, 5, 2, 39], [38, 0]):
        assert torch.equal(images.read(torch.tensor(rows)), whole[rows])
    assert images.content() == content_of(whole)


def test_a_reference_takes_far_less_memory_than_its_file(tmp_path, write, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "cache"))
    small = np.random.default_rng(0).integers(0, 256, (6000, 8, 8, 1), dtype=np.uint8)
    images = small.repeat(8, 1).repeat(8, 2).repeat(3, 3)  # 74 MB
    write(tmp_path / "large.npz", arr_0=images)
    size = images.nbytes
    del images
    tracemalloc.start()
    reference = Reference(tmp_path / "large.npz", "digits-cnn")
    gaussian = reference.gaussian("64")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert gaussian.count == 6000 and peak < 0.7 * size


def test_damage_is_named(tmp_path, write):
    path = tmp_path / "a.npz"
    write(path, arr_0=PIXELS)
    with zipfile.ZipFile(path) as file:
        info = file.getinfo("arr_0.npy")
    data = bytearray(path.read_bytes())
    place = info.header_offset + info.compress_size - 20
    data[place : place + 8] = bytes(byte ^ 255 for byte in data[place : place + 8])
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.npz (is damaged|cannot be read as an \.npz)"):
        open_npz(path)[1].content()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"a\.npz cannot be read as an \.npz"):
        open_npz(path)


def test_images_in_another_order_or_type_are_a_tensor(tmp_path, write):
    write(tmp_path / "a.npz", arr_0=np.asfortranarray(PIXELS))
    whole = torch.from_numpy(PIXELS).permute(0, 3, 1, 2)
    assert torch.equal(open_npz(tmp_path / "a.npz")[1], whole)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"arr_0": PIXELS[:0]}, r"arr_0 is uint8 \(0, 6, 4, 3\)"),
        ({"arr_0": PIXELS[0]}, r"arr_0 is uint8 \(6, 4, 3\)"),
        ({"arr_0": np.array([{}], dtype=object)}, "cannot be read as an .npz"),
        ({"mu": np.array([{}], dtype=object), "sigma": np.eye(1)}, "cannot be read as an .npz"),
        ({"images": PIXELS}, "holds images; needed are images"),
    ],
)
def test_what_is_no_set_of_images_is_refused(tmp_path, arrays, says):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=says) as error:
        open_npz(tmp_path / "a.npz")
    assert "\n" not in str(error.value)
