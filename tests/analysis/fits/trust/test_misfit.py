"""Is a law that does not fit told from one that does?"""

import numpy as np

from analysis.fits import curves
from analysis.fits.approaches import parametric
from analysis.fits.trust import errors, misfit
from tests.analysis.fits.test_curves import points
from tests.analysis.laws import TRUTH, grid, scattered, table

X = np.geomspace(1e3, 1e6, 24)
BENT = np.array([0.5, 30.0, 0.1, 0.3, 6e4, 0.3])  # E, A, c0, c1, x_break, width


def asked(view) -> misfit.Misfit:
    J = view.jacobian()
    return misfit.lack_of_fit(view, errors.estimated(view.runs, view.residuals, J, view.axes), J)


def hindered(seed: int, g: float = 0.6, count: int = 60):
    """Runs of E + (A/N^alpha + B/D^beta)^g."""
    runs = scattered(count, 0.0, seed)
    E, A, B, alpha, beta = TRUTH
    loss = E + (A / runs["n"] ** alpha + B / runs["d"] ** beta) ** g
    noise = 0.005 * np.random.default_rng([seed, 1]).standard_normal(count)
    return table(runs["n"], runs["d"], loss * np.exp(noise))


def noisy(truth: np.ndarray, kind: str, seed: int, noise: float = 0.01):
    rng = np.random.default_rng(seed)
    return points(X, curves.law(kind, truth, X) * np.exp(noise * rng.standard_normal(len(X))))


def test_a_bend_is_shown_and_a_law_that_fits_is_left_alone():
    bent = [asked(curves.fit(noisy(BENT, "broken", s), "saturating").view()) for s in range(10)]
    assert all(found.reported for found in bent)
    straight = np.array([1.7, 400.0, 0.3])
    fits = [
        asked(curves.fit(noisy(straight, "saturating", s), "saturating").view()) for s in range(40)
    ]
    assert sum(found.chance < 0.05 for found in fits) <= 6
    assert sum(found.doubted for found in fits) <= 15  # of 40 at a chance of .2
    assert sum(found.reported for found in fits) <= 2


def test_size_and_data_that_help_each_other_are_no_sum():
    assert all(asked(parametric.fit(hindered(seed)).view()).reported for seed in range(8))
    fits = [asked(parametric.fit(scattered(60, 0.005, seed)).view()) for seed in range(20)]
    assert sum(found.chance < 0.05 for found in fits) <= 4


def test_repeats_that_agree_show_what_a_law_leaves():
    """Each x twice, within 0.1 % of each other, and a law off by 2 %."""
    twice = np.repeat(np.geomspace(1e3, 1e6, 9), 2)
    rng = np.random.default_rng(0)
    wave = 0.02 * np.resize([1, -1, -1, 1, 1], 9).repeat(2)
    y = 50 * twice**-0.2 * np.exp(wave + 0.001 * rng.standard_normal(18))
    found = asked(curves.fit(points(twice, y), "power").view())
    assert found.worst == "repeats scatter less than it leaves" and found.chance < 1e-6


def test_the_largest_rung_off_the_others_law_is_seen():
    runs = grid(8, 5, 0.003)
    loss = np.where(runs["n"] == runs["n"].max(), 1.03, 1.0) * runs["loss"]
    found = asked(parametric.fit(table(runs["n"], runs["d"], loss)).view())
    assert found.chances[misfit.LARGEST] < 1e-3
    assert set(np.array(runs["n"])[list(found.rows)]) == {runs["n"].max()}


def test_exact_figures_leave_nothing_to_ask():
    assert asked(parametric.fit(grid(5, 5, 0.0)).view()) == misfit.Misfit()
