"""Does a latent store give back what was put in, drawn and flipped by key, and refuse what does not
fit?
"""

import json

import numpy as np
import pytest
import torch

from scaling.data import Loader, batch_indices, load_data, stream
from scaling.data.latents.store import shard_path
from tests.data.latents.toy import spec


def test_rows_are_those_of_the_shards(store):
    images = load_data(spec(store)).train
    moments = np.concatenate([np.load(shard_path(store, "train", i, "npy")) for i in range(3)])
    assert (len(images), images.shape) == (20, (4, 4, 4)) and moments.shape == (20, 2, 2, 4, 4, 4)
    rows = torch.tensor([19, 0, 7, 8, 8])
    flipped = torch.tensor([True, False, True, False, True])
    assert np.array_equal(images.read(rows, flipped).numpy(), moments[rows, flipped.int()])
    assert np.array_equal(moments[:, 1], moments[:, 0, ..., ::-1])
    assert images.labels.tolist() == [i * 50 for i in range(20)]
    assert images.read(rows[:0], flipped[:0]).shape == (0, 2, 4, 4, 4)


def test_a_draw_is_the_scaled_posterior_and_fresh_at_every_step(store):
    images = load_data(spec(store)).train
    rows = torch.arange(20)
    mean, std = images.read(rows, torch.zeros(20, dtype=torch.bool)).float().unbind(1)
    drawn = torch.stack([images.batch(rows, key=(0, step)) for step in range(200)]) / 0.18215
    assert torch.allclose(drawn.mean(0), mean, atol=5 * 0.05 / 200**0.5)
    assert abs(float(drawn.std(0).mean()) - 0.05) < 0.001 and float(std.mean()) == pytest.approx(
        0.05, rel=1e-3
    )
    assert torch.equal(images.batch(rows, key=(0, 3)), images.batch(rows, key=(0, 3)))


def test_without_a_key_an_image_depends_on_its_row_alone(store):
    images = load_data(spec(store, flip=True)).train
    assert torch.equal(images.batch(torch.tensor([3, 9]))[1], images.batch(torch.tensor([9]))[0])


def test_half_of_the_draws_are_flipped_where_the_spec_says_so(store):
    data = load_data(spec(store, flip=True))
    share = torch.cat([data.train.flips(16, (0, step)) for step in range(100)]).float().mean()
    assert 0.45 < float(share) < 0.55
    assert (
        not data.heldout.flips(1000, (0, 0)).any()
        and not load_data(spec(store)).train.flips(1000, (0, 0)).any()
    )


@pytest.mark.parametrize("workers", [2, 4])
def test_the_loader_gives_the_same_batch_to_any_number_of_workers_from_any_step(store, workers):
    images = load_data(spec(store, flip=True)).train
    alone = Loader(images, batch=8, seed=5)
    share = [
        Loader(images, 8, 5, part=slice(i * 8 // workers, (i + 1) * 8 // workers))
        for i in range(workers)
    ]
    whole = [alone.step(step) for step in range(12)]
    for step in (*range(4), 7, 11, 2):
        x, y = (torch.cat(parts) for parts in zip(*(loader.step(step) for loader in share)))
        assert torch.equal(x, whole[step][0]) and torch.equal(y, whole[step][1])
        rows = batch_indices(20, 8, 5, step)
        assert torch.equal(y, images.labels[rows]) and torch.equal(x, images.batch(rows, (5, step)))
    assert not torch.equal(whole[0][0], Loader(images, 8, 6).step(0)[0])


def test_the_draw_is_a_stream_of_its_own(store):
    images = load_data(spec(store)).train
    expected = torch.randn((8, 4, 4, 4), generator=stream("posterior", 5, 2))
    assert torch.equal(images.noise((5, 2), 8, torch.arange(8)), expected)


@pytest.mark.parametrize(
    "fields, says",
    [
        ({"size": 64}, "made of 32-pixel images, the spec says 64"),
        (
            {"vae": "stabilityai/sd-vae-ft-mse"},
            r"VAE synthetic \(synthetic\), the spec says stabilityai/sd-vae-ft-mse",
        ),
        ({"content": "0" * 16}, "the spec says 0000000000000000"),
        ({"path": "/nowhere"}, "no latent store at /nowhere: make one"),
    ],
)
def test_a_store_that_is_not_what_the_spec_says_is_refused(store, fields, says):
    with pytest.raises(ValueError, match=says):
        load_data(spec(store, **fields))


def test_content_is_known_wherever_it_lies(store, copy):
    pinned = load_data(spec(store)).content
    assert load_data(spec(copy, content=pinned)).content == pinned


@pytest.mark.parametrize("damage", ["truncate", "remove", "another shape"])
def test_a_shard_of_another_length_is_found_on_opening(copy, damage):
    path = shard_path(copy, "train", 1, "npy")
    if damage == "truncate":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "remove":
        path.unlink()
    else:
        store = json.loads((copy / "store.json").read_text())
        (copy / "store.json").write_text(json.dumps({**store, "shape": [4, 8, 2]}))
    with pytest.raises(ValueError, match=r"shard-0000[01].npy.*--resume"):
        load_data(spec(copy))
