"""Does the lower envelope of training curves give the law of the best size, by interpolation and by
hull?
"""

import numpy as np
import pytest

from analysis.answers.laws.agreement import agreement
from analysis.answers.verdicts import AGREE, DISAGREE
from analysis.fits.approaches import envelope, isoflop, parametric
from tests.analysis.laws import TRUTH, isoflop_runs, table

EXPONENT = 0.28 / (0.34 + 0.28)


def training_curves(
    noise: float = 0.0, seed: int = 0, sizes: int = 8, checkpoints: int = 60, truth=TRUTH
):
    """Every size trained over four decades of images, its loss at each checkpoint."""
    rng = np.random.default_rng(seed)
    n = np.repeat(np.geomspace(3e7, 3e9, sizes), checkpoints)
    d = np.tile(np.geomspace(3e7, 1e12, checkpoints), sizes)
    loss = parametric.law(truth, n, d) * np.exp(
        noise * np.repeat(rng.standard_normal(sizes), checkpoints)
    )
    return table(n, d, loss, cluster=np.repeat(np.arange(sizes), checkpoints))


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
    there = np.interp(np.log(isoflop.flops_of(runs)), np.log(flops), np.log(loss))
    assert (there <= np.log(runs["loss"]) + 1e-3).all()
    hull_flops, hull_loss, _ = envelope.frontier(runs, "hull")
    inside = isoflop.flops_of(runs) <= hull_flops[-1]
    there = np.interp(np.log(isoflop.flops_of(runs)), np.log(hull_flops), np.log(hull_loss))
    assert (there[inside] <= np.log(runs["loss"])[inside] + 1e-12).all()


def test_sizes_at_the_ends_of_the_ladder_are_no_optimum():
    short = training_curves(sizes=6)
    # the largest sizes never come to where they are best
    kept = short.take(isoflop.flops_of(short) < 3e18)
    with pytest.raises(ValueError, match="sizes inside the ladder that are best somewhere, found"):
        envelope.fit(kept)
    with pytest.raises(ValueError, match="an envelope needs 5 different values of n, found 3"):
        envelope.fit(training_curves(sizes=3, checkpoints=5))
    with pytest.raises(ValueError, match="no method 'spline'; there are interpolated, hull"):
        envelope.fit(short, "spline")


def test_the_three_approaches_agree_on_runs_of_one_law():
    runs = isoflop_runs(0.003, seed=4, decades=0.7)
    law = parametric.fit(runs)
    table = agreement(
        {"approach3": (law.exponent, *law.exponent_interval(parametric.uncertain(law, 100)))}
        | {
            name: (found.exponent, *found.exponent_interval)
            for name, found in (
                ("envelope", envelope.fit(training_curves(0.002))),
                ("isoflop", isoflop.fit(runs)),
            )
        }
    )
    assert len(table) == 3
    assert set(table["verdict"]) == {AGREE}


def test_a_difference_beyond_its_interval_is_told():
    rows = agreement({"a": (0.5, 0.48, 0.52), "b": (0.7, 0.68, 0.72)})
    assert rows["verdict"][0] == DISAGREE
    assert rows["difference"][0] == pytest.approx(-0.2)
    with pytest.raises(ValueError, match=r"two approaches or more, found 1 \(a\)"):
        agreement({"a": (0.5, 0.4, 0.6)})
