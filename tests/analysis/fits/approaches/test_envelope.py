"""Does the lower envelope of training curves give the law of the best size, by interpolation and by
hull?
"""

import numpy as np
import pytest

from analysis.fits.approaches import envelope, parametric
from analysis.fits.approaches.budgets import flops_of
from tests.analysis.laws import TRUTH, training_curves

EXPONENT = 0.28 / (0.34 + 0.28)


def test_the_exponent_of_a_known_law():
    found = envelope.fit(training_curves())
    assert found.exponent == pytest.approx(EXPONENT, abs=0.002)
    assert found.exponent_interval[0] <= found.exponent <= found.exponent_interval[1]
    assert len(found.n) == 6
    assert len(found.left_out) == 2
    n, low, high = found.n_opt(np.array([1e21]))
    assert n == pytest.approx(parametric.optimum(TRUTH, 1e21)[:1], rel=0.1)
    assert low < n < high


def test_the_hull_of_the_same_curves():
    found = envelope.fit(training_curves(checkpoints=300), "hull")
    assert found.exponent == pytest.approx(EXPONENT, abs=0.03)


def test_the_frontier_is_below_every_checkpoint():
    runs = training_curves(checkpoints=25)
    flops, loss, _ = envelope.frontier(runs)
    there = np.interp(np.log(flops_of(runs)), np.log(flops), np.log(loss))
    assert (there <= np.log(runs["loss"]) + 1e-3).all()
    hull_flops, hull_loss, _ = envelope.frontier(runs, "hull")
    inside = flops_of(runs) <= hull_flops[-1]
    there = np.interp(np.log(flops_of(runs)), np.log(hull_flops), np.log(hull_loss))
    assert (there[inside] <= np.log(runs["loss"])[inside] + 1e-12).all()


def test_sizes_at_the_ends_of_the_ladder_are_no_optimum():
    short = training_curves(sizes=6)
    # the largest sizes never come to where they are best
    kept = short.take(flops_of(short) < 3e18)
    with pytest.raises(ValueError, match="sizes inside the ladder that are best somewhere, found"):
        envelope.fit(kept)
    with pytest.raises(ValueError, match="an envelope needs 5 different values of n, found 3"):
        envelope.fit(training_curves(sizes=3, checkpoints=5))
    with pytest.raises(ValueError, match="no method 'spline'; there are interpolated, hull"):
        envelope.fit(short, "spline")
