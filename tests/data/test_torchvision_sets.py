"""Are torchvision's sets read from their files, and is a missing one a clear error naming the
folder?
"""

import gzip
import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from scaling.data import DataSpec, load_data, torchvision_sets


def write_mnist(folder, kind: str, counts=(20, 10)) -> None:
    raw = folder / kind / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, n in zip(("train", "t10k"), counts):
        images, labels = (
            rng.integers(0, 256, (n, 28, 28), dtype=np.uint8),
            (np.arange(n) % 10).astype(np.uint8),
        )
        (raw / f"{name}-images-idx3-ubyte").write_bytes(
            struct.pack(">HBBIII", 0, 8, 3, n, 28, 28) + images.tobytes()
        )
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">HBBI", 0, 8, 1, n) + labels.tobytes()
        )


@pytest.mark.parametrize("source, kind", [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_mnist_files_are_read_as_they_are(source, kind, tmp_path):
    write_mnist(tmp_path, kind)
    data = load_data(DataSpec(source=source, path=str(tmp_path)))
    assert (len(data.train), len(data.heldout), data.num_classes, data.train.shape) == (
        20,
        10,
        10,
        (1, 28, 28),
    )
    raw = (tmp_path / kind / "raw" / "train-images-idx3-ubyte").read_bytes()[16:]
    assert data.train.uint8.numpy().tobytes() == raw


@pytest.mark.parametrize(
    "source, kind, label",
    [("cifar10", "CIFAR10", "labels"), ("cifar100", "CIFAR100", "fine_labels")],
)
def test_cifar_files_are_read_and_flipped_where_asked(source, kind, label, tmp_path, monkeypatch):
    cifar = getattr(torchvision.datasets, kind)
    base = tmp_path / cifar.base_folder
    base.mkdir()
    rng, md5 = np.random.default_rng(0), lambda path: hashlib.md5(path.read_bytes()).hexdigest()
    for attribute in ("train_list", "test_list"):
        listed = []
        for name, _ in getattr(cifar, attribute):
            pixels = rng.integers(0, 256, (4, 3072), dtype=np.uint8)
            (base / name).write_bytes(pickle.dumps({"data": pixels, label: [0, 1, 2, 3]}))
            listed.append([name, md5(base / name)])
        monkeypatch.setattr(cifar, attribute, listed)
    classes = [str(i) for i in range(100 if kind == "CIFAR100" else 10)]
    (base / cifar.meta["filename"]).write_bytes(pickle.dumps({cifar.meta["key"]: classes}))
    monkeypatch.setattr(cifar, "meta", {**cifar.meta, "md5": md5(base / cifar.meta["filename"])})
    data = load_data(DataSpec(source=source, path=str(tmp_path), flip=True))
    assert (data.num_classes, data.train.shape) == (len(classes), (3, 32, 32))
    assert data.train.flip and not data.heldout.flip
    assert len(data.heldout) == 4 and np.array_equal(
        data.heldout.uint8.numpy().reshape(4, -1), pixels
    )


def no_net(*args, **kwargs):
    raise OSError("no route to host")


@pytest.mark.parametrize("source", ["mnist", "fashion-mnist", "cifar10", "cifar100"])
def test_without_files_or_a_net_the_folder_is_named(source, tmp_path, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", no_net)
    package = ("dataset-fashion-mnist", Path("no such package"))
    monkeypatch.setattr(torchvision_sets, "DEBIAN", {"fashion-mnist": package})
    with pytest.raises(
        ValueError, match=f"is not in {tmp_path} and cannot be downloaded.*data.path"
    ) as refusal:
        load_data(DataSpec(source=source, path=str(tmp_path)))
    assert "\n" not in str(refusal.value)
    told = "apt-get install dataset-fashion-mnist" in str(refusal.value)
    assert told == (source == "fashion-mnist")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="cannot be downloaded"):
        load_data(DataSpec(source=source, path=str(tmp_path / "a" / "b")))
    assert not list(tmp_path.iterdir())


def test_files_of_a_folder_that_nobody_may_write_to_are_read(tmp_path, monkeypatch):
    write_mnist(tmp_path, "MNIST")

    def no_write(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(torchvision_sets, "_download", no_write)
    assert len(load_data(DataSpec(source="mnist", path=str(tmp_path))).train) == 20


def test_archives_that_are_there_are_unpacked_and_a_download_that_breaks_leaves_them(
    tmp_path, monkeypatch
):
    """The first file comes, the second breaks; then all are there."""
    write_mnist(tmp_path / "whole", "MNIST")
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    resources = []
    for number, (name, _) in enumerate(torchvision.datasets.MNIST.resources):
        packed = gzip.compress((tmp_path / "whole" / "MNIST" / "raw" / name[:-3]).read_bytes())
        resources.append((name, hashlib.md5(packed).hexdigest()))
        if number < 3:
            (raw / name).write_bytes(packed)
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    monkeypatch.setattr("urllib.request.urlopen", no_net)
    before = sorted(tmp_path.rglob("*"))
    spec = DataSpec(source="mnist", path=str(tmp_path / "data"))
    with pytest.raises(ValueError, match="cannot be downloaded"):
        load_data(spec)
    assert sorted(tmp_path.rglob("*")) == before
    (raw / name).write_bytes(packed)
    assert len(load_data(spec).train) == 20
    assert {path.name for path in raw.iterdir()} == {
        ending for name, _ in resources for ending in (name, name[:-3])
    }


def test_without_a_net_debians_package_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", no_net)
    write_mnist(tmp_path / "made", "FashionMNIST")
    package = tmp_path / "usr/share/datasets/fashion-mnist"
    package.mkdir(parents=True)
    for file in (tmp_path / "made/FashionMNIST/raw").iterdir():
        (package / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    monkeypatch.setattr(torchvision_sets, "DEBIAN", {"fashion-mnist": ("a-package", package)})
    data = [
        load_data(DataSpec(source="fashion-mnist", path=str(tmp_path / place)))
        for place in ("made", "data", "data")
    ]
    assert len(data[1].heldout) == 10
    assert all(torch.equal(data[0].train.uint8, other.train.uint8) for other in data[1:])
