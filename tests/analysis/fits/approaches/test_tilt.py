"""Are undertuned large models told apart from laws that are merely skewed?"""

from dataclasses import replace

import numpy as np
import pytest

from analysis.fits.approaches import isoflop
from analysis.fits.approaches.tilt import tilt
from tests.analysis.laws import TRUTH, isoflop_runs, ladder_runs

EXPONENT = 0.28 / (0.34 + 0.28)
NOISE = 0.003


def with_loss(runs, loss, seed):
    noise = np.exp(NOISE * np.random.default_rng(seed).standard_normal(len(loss)))
    return replace(runs, columns={**runs.columns, "loss": loss * noise})


def undertuned(seed: int, cost: float = 0.03):
    """Every doubling of size beyond the median costs ``cost`` more loss."""
    runs = isoflop_runs(decades=0.7)
    doublings = np.log2(runs["n"] / np.median(runs["n"]))
    return with_loss(runs, runs["loss"] * (1 + cost * np.maximum(0, doublings)), seed)


def interacting(seed: int):
    """Another law than that which is compared with: (A/N^a + B/D^b)^0.6."""
    runs = isoflop_runs(decades=0.7)
    E, A, B, alpha, beta = TRUTH
    both = A / runs["n"] ** alpha + B / runs["d"] ** beta
    return with_loss(runs, E + 0.8 * both**0.6, seed)


def test_undertuned_large_models_are_told_with_their_rows_and_the_exponent_without():
    runs = undertuned(0)
    fitted = isoflop.fit(runs)
    found = tilt(runs, fitted)
    assert found.reported and 0.01 < found.per_doubling < 0.05
    assert abs(found.exponent - EXPONENT) < 0.3 * abs(fitted.exponent - EXPONENT)
    best = fitted.n_opt(runs["flops"])[0]
    assert found.rows == tuple(np.array(runs.names)[runs["n"] > best])


def test_the_exponent_without_is_told_where_all_budgets_have_the_same_sizes():
    runs = ladder_runs((0.3, 0.7), models=6, budgets=4)
    doublings = np.log2(runs["n"] / np.median(runs["n"]))
    runs = with_loss(runs, runs["loss"] * (1 + 0.03 * np.maximum(0, doublings)), 1)
    fitted = isoflop.fit(runs)
    found = tilt(runs, fitted)
    assert abs(found.exponent - EXPONENT) < 0.3 * abs(fitted.exponent - EXPONENT)


@pytest.mark.parametrize(
    "study",
    [lambda seed: isoflop_runs(NOISE, seed, decades=0.7), interacting],
    ids=["own", "other"],
)
def test_laws_without_a_tilt_are_seldom_told_to_have_one(study):
    told = [tilt(runs := study(seed), isoflop.fit(runs)).reported for seed in range(20)]
    assert sum(told) <= 2


def test_too_few_runs_tell_nothing():
    runs = isoflop_runs(NOISE, budgets=(1e18, 1e19, 1e20), models=3)
    few = runs.take(np.arange(len(runs)) != 4)
    fitted = isoflop.fit(runs)
    assert tilt(few, fitted) is not None
    assert tilt(few.take(np.arange(7)), fitted) is None
