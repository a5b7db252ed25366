"""Are compressed tars read as those that are not, unpacked once, and refused when damaged?"""

import bz2
import gzip
import lzma

import pyarrow as pa
import pytest

from scaling.data.listing import list_images, unpacked
from tests.data.listing.test_tars import level, png, tar_of

ZSTD = pa.Codec("zstd")
PACK = {
    ".tar.gz": gzip.compress,
    ".TGZ": gzip.compress,
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
    ".tar.zst": lambda data: ZSTD.compress(data, asbytes=True),
    ".tar": gzip.compress,  # its name does not say it
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tars"


def shard() -> bytes:
    return tar_of({f"{c}/{i}.png": png(10 * c + i) for c in range(3) for i in range(4)})


@pytest.mark.parametrize("ending", PACK)
def test_a_compressed_tar_is_one_and_is_unpacked_once(ending, tmp_path, cache, monkeypatch):
    (tmp_path / "set").mkdir()
    packed = tmp_path / "set" / f"photos-000{ending}"
    packed.write_bytes(PACK[ending](shard()))
    for place in (tmp_path / "set", packed):
        listing = list_images(place)
        assert listing.classes == ["0", "1", "2"]
        rows = listing.splits["train"] + listing.splits["heldout"]
        assert sorted(level(listing.folder, path) for path, _ in rows) == [
            10 * c + i for c in range(3) for i in range(4)
        ]
        assert all(level(listing.folder, path) // 10 == label for path, label in rows)
    (made,) = cache.glob("*.tar")
    assert made.read_bytes() == shard()
    unpacked._plain.cache_clear()
    monkeypatch.setattr(unpacked, "_unpack", None)  # another process finds it
    assert unpacked.plain(packed) == made


def test_a_tar_per_class_is_named_without_its_ending(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / f"{name}.tar.gz").write_bytes(
            gzip.compress(tar_of({f"{i}.png": png(i) for i in range(3)}))
        )
    assert list_images(tmp_path).classes == ["cat", "dog"]


def test_a_damaged_one_is_named_and_leaves_nothing(tmp_path, cache, monkeypatch):
    path = tmp_path / "a.tar.gz"
    content = gzip.compress(shard())
    for damaged in (content[:-20], content[:40] + b"\xff" * 40 + content[80:], b"\x1f\x8b no"):
        path.write_bytes(damaged)
        with pytest.raises(
            ValueError, match=r"a\.tar\.gz is damaged \(.*\); get it again"
        ) as error:
            list_images(path)
        assert "\n" not in str(error.value)
    path.write_bytes(b"no tar at all")
    with pytest.raises(ValueError, match=r"a\.tar\.gz cannot be read as a tar"):
        list_images(path)
    path.write_bytes(gzip.compress(bytes(2_000_000)))
    monkeypatch.setattr(unpacked, "MOST_TIMES_FROM", 1_000_000)
    with pytest.raises(ValueError, match="unpacks to more than 100 times that, as no images do"):
        list_images(path)
    assert not [p for p in cache.iterdir() if not p.name.endswith((".lock", ".parquet"))]


def test_without_room_in_the_cache_the_way_is_told(tmp_path, cache, monkeypatch):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(shard()))
    monkeypatch.setattr(unpacked, "SPARE", 1 << 60)
    with pytest.raises(ValueError, match=r"GB free; set \$DIT_SCALING_CACHE to a folder with room"):
        list_images(path)
    assert not list(cache.glob(".*.tmp"))
    for file in cache.iterdir():
        file.unlink()
    cache.rmdir()
    cache.touch()
    with pytest.raises(ValueError, match=r"cannot be unpacked into .*; unpack it to a \.tar, or"):
        list_images(path)


def test_a_compressed_tar_in_a_tar_is_refused(tmp_path):
    inner = gzip.compress(tar_of({"0.png": png(0)}))
    (tmp_path / "a.tar").write_bytes(tar_of({"n01.tar.gz": inner}))
    with pytest.raises(ValueError, match=r"n01\.tar\.gz is a compressed tar in a tar.*unpack the"):
        list_images(tmp_path)


def test_what_lies_beside_is_counted_and_one_archive_twice_is_refused(tmp_path):
    (tmp_path / "photos.tar").write_bytes(shard())
    (tmp_path / "preview.png").write_bytes(png(0))
    (tmp_path / "README.md").touch()
    told = list_images(tmp_path).told
    assert told == "12 files: 12 images; beside the archives: .md 1, .png 1"
    (tmp_path / "photos.tar.gz").write_bytes(gzip.compress(shard()))
    with pytest.raises(ValueError, match=r"photos\.tar and photos\.tar\.gz .* one archive twice"):
        list_images(tmp_path)
