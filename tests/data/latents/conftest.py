"""A small latent store, of 20 and 5 images, and copies of it to spoil."""

import shutil

import pytest

from scaling.data.synthetic import write_store


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    write_store(folder, size=32, images={"train": 20, "heldout": 5}, shard=8)
    return folder


@pytest.fixture
def copy(store, tmp_path):
    return shutil.copytree(store, tmp_path / "copy")
