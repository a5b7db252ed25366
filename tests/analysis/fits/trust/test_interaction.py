"""Is the law in which size and data help or hinder each other found again, and the sum at g = 1?"""

import numpy as np
import pytest

from analysis.fits.approaches.parametric import DELTA
from analysis.fits.trust import interaction
from tests.analysis.laws import TRUTH, grid

FAR = {"n": np.array([3e10, 3e10]), "d": np.array([1e12, 1e10])}  # ten times the largest inputs


def law(g: float, n, d):
    E, A, B, alpha, beta = TRUTH
    return E + (A / n**alpha + B / d**beta) ** g


@pytest.mark.parametrize("g", [0.6, 1.0, 1.5])
def test_the_law_of_exact_figures_is_met_beyond_them(g):
    columns = {role: grid(6, 6, 0.0)[role] for role in ("n", "d")}
    losses = law(g, **columns)[None]
    ahead = interaction.form(DELTA).predict(columns, losses, FAR)
    assert ahead == pytest.approx(np.log(law(g, **FAR))[None], abs=2e-3)
    found = interaction.Problem(columns, losses, DELTA).solve(losses)
    assert np.exp(found[0, 5]) == pytest.approx(g, rel=0.05)


def test_more_sets_of_figures_than_are_fitted_at_once_keep_their_order():
    columns = {role: grid(4, 4, 0.0)[role] for role in ("n", "d")}
    scales = np.linspace(1, 2, interaction.AT_ONCE + 2)[:, None]
    losses = scales * law(1.0, **columns)
    ahead = interaction.form(DELTA).predict(columns, losses, FAR)
    assert ahead.shape == (interaction.AT_ONCE + 2, 2)
    expected = np.log(scales * law(1.0, **FAR))
    for row in (0, interaction.AT_ONCE - 1, interaction.AT_ONCE, -1):
        assert ahead[row] == pytest.approx(expected[row], abs=5e-3)


def test_g_stays_within_its_bounds_where_the_data_ask_for_more():
    columns = {role: grid(5, 5, 0.0)[role] for role in ("n", "d")}
    losses = law(8.0, **columns)[None]
    found = interaction.Problem(columns, losses, DELTA).solve(losses)
    assert np.isfinite(found).all()
    assert interaction.POWERS[0] <= np.exp(found[0, 5]) <= interaction.POWERS[1] * (1 + 1e-9)
