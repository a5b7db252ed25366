"""Does the loader give the batch of a step whoever asks, from any step on, and raise what went
wrong at its step?
"""

import pytest
import torch

from scaling.data import DataSpec, Loader, batch_indices, load_data
from tests.data.pictures import write_folder


def spec(folder, **fields) -> DataSpec:
    return DataSpec(
        **{"source": "folder", "name": "toy", "size": 32, "path": str(folder), **fields}
    )


def test_batches_are_pure_functions_of_seed_and_step_on_any_number_of_workers(tmp_path):
    images = load_data(spec(write_folder(tmp_path, per_class=10), flip=True)).train
    alone = Loader(images, batch=8, seed=3)
    whole = [alone.step(step) for step in range(4)]
    parts = [Loader(images, 8, 3, part=slice(i, i + 1)) for i in range(8)]
    for step in (0, 3, 1):
        x, y = (torch.cat(part) for part in zip(*(loader.step(step) for loader in parts)))
        assert torch.equal(x, whole[step][0]) and torch.equal(y, whole[step][1])
        flips, rows = images.flips(8, (3, step)), batch_indices(len(images), 8, 3, step)
        assert flips.any() and torch.equal(x[flips], images.batch(rows)[flips].flip(-1))
        assert torch.equal(x[~flips], images.batch(rows)[~flips])


def test_an_image_that_cannot_be_read_is_raised_at_its_step_though_read_ahead(tmp_path):
    """A file whose head is whole: what comes before it is given."""
    images = load_data(spec(write_folder(tmp_path, per_class=10))).train
    broken = tmp_path / images.paths[int(batch_indices(len(images), 2, 0, 3)[1])]
    whole = Loader(images, batch=2, seed=0)
    expected = [whole.step(step)[0] for step in range(3)]
    broken.write_bytes(broken.read_bytes()[:200])
    loader = Loader(images, batch=2, seed=0)
    assert all(torch.equal(loader.step(step)[0], expected[step]) for step in range(3))
    with pytest.raises(ValueError, match=f"{broken.name} cannot be read"):
        loader.step(3)
