"""Are runs that spent one budget found by exact FLOPs, and brought to the same budget?"""

import numpy as np
import pytest

from analysis.fits.approaches import budgets, isoflop, minima, parametric
from tests.analysis.laws import TRUTH, isoflop_runs, table

EXPONENT = 0.28 / (0.34 + 0.28)


def test_budgets_are_told_by_exact_flops():
    """Runs of one FLOPs column are one budget although 6ND differs."""
    runs = isoflop_runs(budgets=(1e19, 1e20, 1e21))
    odd = table(
        runs["n"],
        runs["d"] * (1 + 0.5 * np.sin(np.arange(len(runs)))),
        runs["loss"],
        flops=runs["flops"],
    )
    assert [len(one) for one in isoflop.by_budget(odd)] == [9, 9, 9]


def test_runs_that_spent_a_little_more_or_less_are_brought_to_the_budget():
    """Lengths off by up to 10 %, more for larger models: without it each minimum is 6 to 8 % off,
    with it 1.5 % at most.
    """
    sizes, budgets = np.geomspace(1e8, 1e10, 9), np.array([3e19, 1e20, 3e20, 1e21])
    n, near = (v.ravel() for v in np.meshgrid(sizes, budgets))
    c = near * (1 + 0.1 * np.log(n / 1e9) / np.log(10))
    runs = table(n, c / 6 / n, parametric.law(TRUTH, n, c / 6 / n), flops=c)
    for group in isoflop.by_budget(runs):
        raw, moved = minima.minimum(group), minima.minimum(isoflop.at_budget(group, runs))
        true = parametric.optimum(TRUTH, moved.flops)[0]
        assert raw.n / true > 1.05 and abs(moved.n / true - 1) < 0.02
        assert moved.flops == raw.flops and moved.runs == raw.runs
    assert isoflop.fit(runs).exponent == pytest.approx(EXPONENT, abs=0.01)


def test_repeats_and_a_size_of_one_length_stay_as_they_were_measured():
    once = isoflop_runs(0.003, budgets=(1e20,))
    assert isoflop.at_budget(once, once)["loss"] == pytest.approx(once["loss"])
    n, d = (
        np.repeat([1e8, 3e8, 1e9], 2),
        1e20 / 6 / np.repeat([1e8, 3e8, 1e9], 2) * np.tile([1, 1.0001], 3),
    )
    twice = table(n, d, np.array([3.0, 3.1, 2.8, 2.9, 3.0, 3.2]))
    assert isoflop.at_budget(twice, twice)["loss"] == pytest.approx(twice["loss"])


@pytest.mark.parametrize("count, apart", [(6, 2.0), (4, 10.0)])
def test_budgets_of_another_way_of_counting_are_brought_together(count, apart):
    """Exact FLOPs of a recipe whose small models spend more beside 6ND: its 6ND differ by half."""
    n, c = (
        v.ravel()
        for v in np.meshgrid(np.geomspace(1e7, 1e9, 7), 1e18 * apart ** np.arange(float(count)))
    )
    d = c / 6 / (n + 0.8 * n**0.7 * 1e7**0.3)
    runs = table(n, d, parametric.law(TRUTH, n, d))
    assert len(budgets.same_budget(budgets.flops_of(runs))) == 2 * count
    found = budgets.by_budget(runs)
    assert [len(group) for group in found] == [7] * count
    exact = table(n, d, runs["loss"], flops=c)
    for mine, theirs in zip(found, budgets.by_budget(exact)):
        assert sorted(mine.names) == sorted(theirs.names)


def test_budgets_that_share_a_size_are_never_one():
    runs = isoflop_runs(budgets=(1e19, 1.4e19, 2e19))
    n = np.tile(np.geomspace(1e8, 1e9, 9), 3)
    c = np.repeat([1e19, 1.4e19, 2e19], 9)
    runs = table(n, c / 6 / n, runs["loss"])
    assert [len(group) for group in budgets.by_budget(runs)] == [9, 9, 9]
