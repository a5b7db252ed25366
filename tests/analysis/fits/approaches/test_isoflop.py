"""Does the law through the minima have the right exponent, and an interval that holds it?"""

import re

import numpy as np
import pytest

from analysis.fits.approaches import isoflop, minima, parametric
from tests.analysis.laws import TRUTH, grid, isoflop_runs, ladder_runs, table

EXPONENT = 0.28 / (0.34 + 0.28)
SYMMETRIC = np.array([1.0, 400.0, 400.0, 0.3, 0.3])
SKEWED = np.array([1.7, 2e4, 40.0, 0.54, 0.18])
# of the best sizes on the ladder
PLACES = {"small end": (0.08, 0.32), "middle": (0.35, 0.65), "large end": (0.68, 0.92)}


def test_symmetric_curves_give_the_exact_law():
    for curve in ("parabola", "cubic"):
        found = isoflop.fit(isoflop_runs(truth=SYMMETRIC), curve)
        assert found.exponent == pytest.approx(0.5, abs=1e-6)
        n, low, high = found.n_opt(np.array([1e22]))
        assert n == pytest.approx(parametric.optimum(SYMMETRIC, 1e22)[:1], rel=1e-6)
        assert low <= n <= high


def test_a_parabola_errs_on_skewed_curves_and_the_cubic_hardly():
    """alpha three times beta, one decade either side, noise-free: N at 10 times the largest
    budget.
    """
    runs = isoflop_runs(truth=SKEWED, decades=1.0)
    true = parametric.optimum(SKEWED, 1e22)[0]
    off = {
        curve: abs(isoflop.fit(runs, curve).n_opt(np.array([1e22]))[0][0] / true - 1)
        for curve in minima.CURVES
    }
    assert off["parabola"] > 0.1
    assert off["cubic"] < 0.03


def test_the_interval_holds_the_exponent():
    held = 0
    for seed in range(60):
        low, high = isoflop.fit(isoflop_runs(0.003, seed, decades=0.7)).exponent_interval
        held += low <= EXPONENT <= high
    assert held >= 53


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize(
    "truth, noise", [(TRUTH, 0.003), (SKEWED, 0.001)], ids=["chinchilla", "skewed"]
)
def test_the_interval_holds_the_exponent_wherever_the_minima_lie(truth, noise, place):
    """The scatter of the minima alone held it in 29 of 60 skewed studies at the middle, where
    curves err all one way.
    """
    held = 0
    for seed in range(60):
        low, high = isoflop.fit(ladder_runs(place, noise, seed, truth)).exponent_interval
        held += low <= truth[4] / (truth[3] + truth[4]) <= high
    assert held >= 54


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_runs_far_above_the_minimum_hardly_bend_it(place):
    """Noise-free: weighed alike they shift the exponent by 0.009 to 0.021."""
    found = isoflop.fit(ladder_runs(place, truth=SKEWED))
    low, high = found.exponent_interval
    assert low < 0.25 < high and found.exponent == pytest.approx(0.25, abs=0.008)
    n, below, above = found.n_opt(np.array([1e22]))
    assert below < parametric.optimum(SKEWED, 1e22)[0] < above and below < n < above


def test_one_model_per_budget_is_refused():
    runs = grid(1, 5, 0.0)
    first = f"{6 * runs['n'][0] * runs['d'][0]:.3g}"  # of the budget whose rows are named
    with pytest.raises(
        ValueError,
        match=rf"every budget has one model size, as row 1 at {re.escape(first)} FLOPs: .* train "
        "more sizes at each",
    ):
        isoflop.fit(runs)


def test_too_few_budgets_are_refused_with_their_reasons():
    runs = isoflop_runs(budgets=(1e19, 1e20), models=5)
    with pytest.raises(ValueError, match=r"needs 3 budgets with a minimum, found 2 of 2 .*; add 1"):
        isoflop.fit(runs)
    few = isoflop_runs(models=3)
    with pytest.raises(
        ValueError, match=r"found 0 of 4 .*1e\+18 FLOPs: a cubic needs 4 model sizes, found 3"
    ):
        isoflop.fit(few, "cubic")
    with pytest.raises(ValueError, match="no curve 'spline'; there are auto, parabola, cubic"):
        isoflop.fit(few, "spline")


def test_at_three_budgets_their_own_errors_narrow_the_interval_and_it_still_holds():
    held, narrower = 0, 0
    for seed in range(60):
        found = isoflop.fit(ladder_runs((0.35, 0.65), 0.003, seed, budgets=3))
        low, high = found.exponent_interval
        held += low <= EXPONENT <= high
        narrower += found.law.dof > 1
    assert held >= 54 and narrower >= 30


def test_scatter_beyond_what_the_minima_may_err_by_stands_alone():
    """Budgets whose best sizes lie off any power law, by far more than their runs scatter."""
    runs = isoflop_runs(0.0003, budgets=(1e19, 1e20, 1e21), decades=0.7)
    off = np.where(runs["flops"] == 1e20, 1.6, 1.0)
    bent = table(runs["n"] * off, runs["d"] / off, runs["loss"], flops=runs["flops"])
    assert isoflop.fit(bent).law.dof == 1
