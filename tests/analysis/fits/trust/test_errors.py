"""Are shared and unequal errors found, and neither where there is none?"""

import numpy as np
import pytest

from analysis.fits.approaches import parametric
from analysis.fits.points import Runs
from analysis.fits.trust import errors
from tests.analysis.laws import TRUTH, grid, table


def of(runs: Runs) -> errors.Errors:
    view = parametric.fit(runs).view()
    return errors.estimated(runs, view.residuals, view.jacobian(), view.axes)


def noisy(noise, cluster=None, sizes: int = 8, lengths: int = 6) -> Runs:
    """A grid whose log losses are off by ``noise`` (n,)."""
    clean = grid(sizes, lengths, 0.0)
    return table(clean["n"], clean["d"], clean["loss"] * np.exp(noise(clean)), cluster)


def luck(share: float, seed: int = 0):
    """Noise of 0.5 % of which rows of one size share ``share`` of the variance."""

    def noise(runs):
        rng, place = np.random.default_rng(seed), np.unique(runs["n"], return_inverse=True)[1]
        common = rng.standard_normal(place.max() + 1)[place]
        own = rng.standard_normal(len(place))
        return 0.005 * (np.sqrt(share) * common + np.sqrt(1 - share) * own)

    return noise


def test_rows_of_one_size_that_share_an_error_are_found():
    found = [of(noisy(luck(0.8, seed))) for seed in range(20)]
    assert all(one.groups == 8 and not one.from_table for one in found)
    assert np.median([one.share for one in found]) == pytest.approx(0.8, abs=0.15)
    assert sum(one.chance < errors.SHARED for one in found) >= 19


def test_independent_rows_share_nothing_to_speak_of():
    chances = [of(noisy(luck(0.0, seed))).chance for seed in range(40)]
    assert sum(chance < 0.05 for chance in chances) <= 6


def test_the_table_s_own_word_is_taken():
    told = of(noisy(luck(0.8), cluster=np.arange(48) // 24))
    assert told.from_table and told.groups == 2
    runs = noisy(luck(0.8))
    apart = of(Runs(runs.names, runs.columns, runs.cluster, apart=True))
    assert not apart.grouped and apart.share == 0


def test_noise_that_grows_with_size_is_found_and_noise_that_does_not_is_not():
    def growing(seed, power):
        rng = np.random.default_rng(seed)
        return lambda runs: 0.003 * (runs["n"] / 3e8) ** power * rng.standard_normal(len(runs))

    found = [of(noisy(growing(seed, 0.4))).trend for seed in range(15)]
    assert sum(bool(trend) for trend in found) >= 13
    powers = [trend["n"] for trend in found if trend]
    assert np.median(powers) == pytest.approx(0.4, abs=0.12)
    assert sum(bool(of(noisy(growing(seed, 0.0))).trend) for seed in range(40)) <= 4


def test_exact_losses_have_no_errors_to_speak_of():
    found = of(grid(6, 5, 0.0, truth=TRUTH))
    assert found.share == 0 and not found.trend and found.scatter < errors.EXACT
