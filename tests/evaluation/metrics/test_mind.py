"""Is MIND the sliced Wasserstein distance that it says, with an error that holds?"""

import numpy as np
import pytest
import torch

from scaling.data import DataSpec, load_data
from scaling.evaluation.metrics.measure import measure
from scaling.evaluation.metrics.mind import mind
from scaling.study import Protocol


def draw(count: int, seed: int, dimension: int = 6) -> torch.Tensor:
    return torch.randn(count, dimension, generator=torch.Generator().manual_seed(seed))


def test_equal_sets_are_at_no_distance_in_any_order():
    x = draw(200, 0)
    assert mind(x, x.flip(0)) == pytest.approx((0.0, 0.0), abs=1e-10)


def test_a_shift_is_at_three_times_its_square():
    """3 D mean (u.c)^2 over directions u is 3 |c|^2."""
    x, shift = draw(200, 0), torch.tensor([1.0, -2.0, 0.0, 0.5, 0.0, 0.0])
    assert mind(x, x + shift)[0] == pytest.approx(3 * float(shift @ shift), rel=0.1)


def test_a_scaling_is_at_its_distance():
    """Gaussians of spread 1 and 2 have a squared Wasserstein distance of 1 in each direction."""
    assert mind(2 * draw(2000, 0), draw(2000, 1))[0] == pytest.approx(3 * 6, rel=0.1)


def test_of_the_larger_set_as_many_rows_are_used():
    x, y = draw(100, 0), draw(1000, 1)
    assert mind(x, y)[0] == mind(x, y)[0] > 0


def test_its_error_is_the_spread_over_draws(monkeypatch):
    monkeypatch.setattr("scaling.evaluation.metrics.mind.DIRECTIONS", 100)
    real = draw(400, 0)
    draws = [mind(1.3 * draw(400, seed) + 0.2, real) for seed in range(1, 41)]
    values, errors = np.array(draws).T
    assert errors.mean() == pytest.approx(values.std(), rel=0.35)


def test_it_is_measured_like_any_metric():
    images = load_data(DataSpec()).heldout.uint8[:200]
    protocol = Protocol(samples=200, metrics=("mind",), references=("train",))
    (row,) = measure(images, DataSpec(), protocol)["figures"]
    assert row["value"] > 0 and row["se"] > 0 and row["label"].startswith("MIND-200")
