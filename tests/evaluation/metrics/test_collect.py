"""Is what one pass keeps of the images the same in any batches: moments, halves, a bounded number
of rows?
"""

import pytest
import torch

from scaling.data import DataSpec, load_data
from scaling.evaluation.features.passes import features_of
from scaling.evaluation.metrics.collect import Need, batches_of, collect

COUNT = 90


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return load_data(DataSpec()).heldout.uint8[:COUNT]


@pytest.fixture(scope="module")
def features(digits) -> torch.Tensor:
    return features_of(digits, "digits-cnn", ("64",))["64"]


def kept(images, need, batch):
    return collect(images.split(batch), len(images), "digits-cnn", {"64": need})["64"]


@pytest.mark.parametrize("batch", [7, COUNT])
def test_moments_and_all_rows_are_those_of_the_features(digits, features, batch):
    found = kept(digits, Need(moments=True, rows=None), batch)
    assert torch.allclose(found.rows, features, atol=1e-5) and found.halves is None
    assert torch.allclose(found.gaussian.mean, features.double().mean(0), atol=1e-5)
    assert torch.allclose(found.gaussian.cov, features.double().T.cov(), atol=1e-5)


def test_halves_are_disjoint_and_make_the_whole(digits, features):
    found = kept(digits, Need(moments=True, halves=True, rows=0), 16)
    one, other = found.halves
    assert one.count == other.count == COUNT // 2 and len(found.rows) == 0
    assert torch.allclose((one.mean + other.mean) / 2, found.gaussian.mean)
    assert not torch.allclose(one.mean, other.mean, atol=1e-3)
    assert torch.allclose(found.gaussian.cov, features.double().T.cov(), atol=1e-5)


def test_a_choice_of_rows_is_the_same_in_any_batches(digits, features):
    choices = [kept(digits, Need(rows=20), batch).rows for batch in (7, COUNT)]
    assert [len(rows) for rows in choices] == [20, 20]
    assert torch.allclose(*choices, atol=1e-5)
    distances = (choices[0][:, None] - features).norm(dim=-1)
    assert (distances.min(1).values < 1e-3).all()


def test_needs_of_several_metrics_are_met_by_the_larger():
    both = Need(moments=True, rows=5) | Need(halves=True, rows=7)
    assert both == Need(moments=True, halves=True, rows=7)
    assert (both | Need(rows=None)).rows is None


def test_rows_are_read_a_batch_at_a_time(monkeypatch):
    monkeypatch.setattr("scaling.evaluation.metrics.collect.BATCH", 4)
    parts = list(batches_of(lambda rows: rows * 10, torch.arange(6)))
    assert [part.tolist() for part in parts] == [[0, 10, 20, 30], [40, 50]]
