"""Are a store's real images read where they lay, and refused if they are gone or have changed?"""

import shutil

import pytest
import torch

from scaling.cli import main
from scaling.data import DataSpec, load_data
from scaling.data.crop import read_image
from scaling.data.images import to_uint8
from scaling.data.latents.store import read_images, read_store
from scaling.evaluation.images.originals import originals
from tests.data.latents import tiny_autoencoders as tiny_vaes
from tests.data.pictures import write_folder
from tests.launch.test_encode import encode_in_this_process

SIZE = 12


@pytest.fixture(scope="module")
def encoded(tmp_path_factory):
    """A folder of images of two classes, and the store that was made of them."""
    work = tmp_path_factory.mktemp("originals")
    write_folder(work / "set", per_class=4, width=20, height=16)
    tiny_vaes.write(work / "vae", "AutoencoderKL", 4, 2)
    words = ["encode", "--images", work / "set", "--vae", work / "vae", "--out", work / "store"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        encode_in_this_process(monkeypatch)
        with pytest.raises(SystemExit) as stop:
            main([*map(str, words), "--size", str(SIZE), "--shard-images", "2"])
    assert stop.value.code == 0
    return work


@pytest.fixture
def work(encoded, tmp_path, monkeypatch):
    """The same, for a test to change; the images are also looked for in the data root."""
    monkeypatch.setenv("DIT_SCALING_DATA", str(tmp_path / "root"))
    moved = tmp_path / "work"
    shutil.copytree(encoded, moved)
    store = moved / "store" / "store.json"
    store.write_text(store.read_text().replace(str(encoded), str(moved)))
    return moved


def spec(work) -> DataSpec:
    return DataSpec(
        source="latents", name="toy", path=str(work / "store"), size=SIZE, vae="vae", flip=True
    )


def test_the_images_of_a_store_are_those_it_was_made_of_cropped_as_then(work):
    found = originals(spec(work), "train")
    count = sum(shard["images"] for shard in read_store(work / "store")["shards"]["train"])
    rows = read_images(work / "store", "train", -(-count // 2))
    assert found.count == count == len(rows)
    read = found.read(torch.arange(count))
    for image, row in zip(read, rows):
        path = work / "set" / row["path"]
        assert (image.numpy() == read_image(path, SIZE, path.read_bytes())).all()


def test_they_are_found_in_the_data_root_where_they_were_moved(work, tmp_path):
    before = originals(spec(work), "heldout").read(torch.arange(2))
    (tmp_path / "root").mkdir()
    shutil.move(work / "set", tmp_path / "root" / "toy")
    assert torch.equal(originals(spec(work), "heldout").read(torch.arange(2)), before)


def test_images_that_are_gone_are_refused_with_where_they_were_looked_for(work):
    shutil.rmtree(work / "set")
    with pytest.raises(ValueError, match=r"no real images of toy: they are not in .*set or .*toy"):
        originals(spec(work), "train").read(torch.arange(1))


def test_an_image_that_has_changed_is_refused_by_its_name(work):
    row = read_images(work / "store", "train", 3)[0]
    path = work / "set" / row["path"]
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match=f"{row['path']} is not the file that was encoded"):
        originals(spec(work), "train").read(torch.arange(1))


def test_those_of_pixels_are_the_pixels_themselves():
    data = load_data(DataSpec())
    found = originals(DataSpec(), "heldout").read(torch.arange(3))
    assert torch.equal(found, to_uint8(data.heldout.batch(torch.arange(3))))
