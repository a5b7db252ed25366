"""Are arrays read as they were saved, and is a file that lies about its size refused?"""

import io
import zipfile

import numpy as np
import pytest

from scaling.evaluation.images import arrays
from scaling.evaluation.images.arrays import as_images, read_array, read_arrays

VALUES = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_arrays_are_those_that_were_saved_mapped_or_not(save, chunk, tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "CHUNK", chunk)
    save(tmp_path / "a.npz", arr_0=VALUES, mu=np.arange(3.0), turned=VALUES.T, one=np.float64(2))
    found, names = read_arrays(tmp_path / "a.npz", ("arr_0", "mu", "turned", "one", "sigma"))
    assert names == ["arr_0", "mu", "turned", "one"] and found.keys() == set(names)
    assert np.array_equal(found["arr_0"], VALUES) and np.array_equal(found["turned"], VALUES.T)
    assert found["mu"].tolist() == [0, 1, 2] and found["one"] == 2
    mapped = save is np.savez and chunk == 1
    assert isinstance(found["arr_0"], np.memmap) == mapped


def bomb(path, shape, held: int, kind=zipfile.ZIP_DEFLATED):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"shape": shape, "fortran_order": False, "descr": "|u1"}
    )
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("arr_0.npy", header.getvalue() + bytes(held))


def test_what_unpacks_to_more_than_memory_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    bomb(tmp_path / "a.npz", (1 << 20,), 1 << 20)
    assert len(read_arrays(tmp_path / "a.npz", ["arr_0"])[0]["arr_0"]) == 1 << 20
    monkeypatch.setattr(arrays, "free_memory", lambda: 1 << 19)
    with pytest.raises(ValueError, match=r"unpacks from .* MB to 0\.00105 GB.*np\.savez"):
        read_arrays(tmp_path / "a.npz", ["arr_0"])


def test_a_header_that_lies_and_damage_are_refused(tmp_path):
    bomb(tmp_path / "a.npz", (10**9, 10**9), 100)
    with pytest.raises(ValueError, match=r"should hold 1000000000000000000 bytes.*and holds 100"):
        read_arrays(tmp_path / "a.npz", ["arr_0"])
    np.savez(tmp_path / "b.npz", arr_0=np.zeros(arrays.CHUNK, np.uint8))
    content = bytearray((tmp_path / "b.npz").read_bytes())
    content[len(content) // 2] = 1
    (tmp_path / "b.npz").write_bytes(content)
    with pytest.raises(ValueError, match="Bad CRC"):
        read_arrays(tmp_path / "b.npz", ["arr_0"])
    np.savez(tmp_path / "c.npz", arr_0=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="Python objects"):
        read_arrays(tmp_path / "c.npz", ["arr_0"])
    for content in (b"", b"PK no zip", (tmp_path / "b.npz").read_bytes()[:500]):
        (tmp_path / "d.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"d\.npz cannot be read as an \.npz"):
            read_arrays(tmp_path / "d.npz", ["arr_0"])
    (tmp_path / "e.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(ValueError, match=r"e\.npy cannot be read as an \.npy"):
        read_array(tmp_path / "e.npy")


def test_arrays_of_other_types_are_scaled_and_of_other_shapes_refused(monkeypatch):
    monkeypatch.setattr(arrays, "AT_A_TIME", 4)
    assert as_images(VALUES, "x") is VALUES
    for other in (VALUES.astype(np.uint16) * 257, VALUES / 255, VALUES.astype(np.float32) / 255):
        assert np.array_equal(as_images(other, "x"), VALUES)
    for other, says in (
        (VALUES.astype(float), "x: float64 values from .*: floats are read as 0 to 1"),
        (VALUES.transpose(0, 3, 1, 2), r"turn yours with \.transpose\(0, 2, 3, 1\)"),
        (VALUES[..., 0], r"give yours a last axis"),
        (VALUES[:0], "one or more"),
    ):
        with pytest.raises(ValueError, match=says):
            as_images(other, "x")


def test_integers_that_use_a_sixteenth_of_their_range_are_refused():
    dark = np.full((2, 4, 4, 1), 255, np.uint16)
    with pytest.raises(ValueError, match=r"x: uint16 values up to 255 of 65535, in all 2 images"):
        as_images(dark, "x")
    assert as_images(dark * 257, "x").max() == 255 and as_images(dark * 0, "x").max() == 0
