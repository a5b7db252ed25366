"""Is a store that is unfinished or damaged refused, wherever the damage is, with the next step?"""

import numpy as np
import pytest

from scaling.data import load_data
from scaling.data.latents.store import (
    check_store,
    finish_store,
    read_images,
    shard_path,
    shard_state,
    write_shard,
)
from tests.data.latents.toy import spec


def test_an_unfinished_store_says_how_to_go_on(copy):
    (copy / "store.json").unlink()
    with pytest.raises(ValueError, match=r"not finished \(4 shards so far.*--resume"):
        load_data(spec(copy))


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_one_flipped_bit_in_a_shard_is_found(copy, kind):
    check_store(copy)
    path = shard_path(copy, "train", 1, kind)
    raw = bytearray(path.read_bytes())
    raw[-20] ^= 1
    path.write_bytes(raw)
    with pytest.raises(
        ValueError, match=rf"1 of 8 shard files.*train/shard-00001.{kind}.*--resume"
    ):
        check_store(copy)


def shard(folder, latents):
    rows = [{"label": i, "path": f"{i}.png", "sha256": "0" * 64} for i in range(len(latents))]
    write_shard(folder, "train", 0, latents, rows, skipped=[])
    return rows


def test_a_shard_is_whole_once_its_checksums_hold(tmp_path):
    assert shard_state(tmp_path, "train", 0) == "missing"
    rows = shard(tmp_path, np.ones((3, 2, 2, 4, 2, 2)))
    assert (
        shard_state(tmp_path, "train", 0) == "whole" and read_images(tmp_path, "train", 1) == rows
    )
    path = shard_path(tmp_path, "train", 0, "npy")
    path.write_bytes(path.read_bytes()[:-1])
    assert shard_state(tmp_path, "train", 0) == "damaged"


def test_a_latent_that_fp16_does_not_hold_is_named(tmp_path):
    latents = np.ones((3, 2, 2, 4, 2, 2))
    latents[1, 0, 0, 0, 0, 0] = 1e6
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match=r"the latent of 1\.png is not finite in fp16"),
    ):
        shard(tmp_path, latents)
    assert not list(tmp_path.rglob("shard-*"))


def test_the_content_depends_on_the_images_and_not_on_where_they_lay(tmp_path):
    about = {"size": 16, "shape": [4, 2, 2], "upscale": False, "classes": ["a", "b", "c"]}
    vae = {"name": "one", "identity": "1", "scaling_factor": 1.0, "shift_factor": 0.0}
    found = {}
    for name, changes in {
        "as is": {},
        "renamed VAE": {"vae": {**vae, "name": "other"}},
        "another VAE": {"vae": {**vae, "identity": "2"}},
        "another size": {"size": 24},
    }.items():
        shard(tmp_path / name, np.ones((3, 2, 2, 4, 2, 2)))
        described = {**about, "vae": vae, **changes}
        shards = {"train": 1, "heldout": 0}
        found[name] = finish_store(tmp_path / name, described, shards, tmp_path / name)["content"]
    assert found["as is"] == found["renamed VAE"]
    assert len({found[name] for name in ("as is", "another VAE", "another size")}) == 3
