"""Is it told which parameters the rows do not tell, and which ended at a bound?"""

import numpy as np
import pytest

from analysis.fits import curve_search, curves
from analysis.fits.approaches import parametric, repeats
from analysis.fits.trust.identity import Identity, identity
from tests.analysis.fits.approaches.test_repeats import LAW, study
from tests.analysis.fits.test_curves import points
from tests.analysis.laws import grid, table


def repeated(passes, noise: float = 0.005):
    """5 sizes and 5 numbers of images, each run of ``passes``."""
    n, unique = (
        v.ravel() for v in np.meshgrid(np.geomspace(3e7, 3e9, 5), np.geomspace(1e9, 3e10, 5))
    )
    loss = repeats.law(LAW, n, passes * unique, unique)
    loss *= np.exp(noise * np.random.default_rng(0).standard_normal(len(n)))
    return table(n, passes * unique, loss, unique=unique)


def test_a_grid_of_sizes_and_lengths_tells_every_parameter():
    assert identity(parametric.fit(grid(6, 5, 0.002)).view()) == Identity()
    assert identity(repeats.fit(study(0.002)).view()) == Identity()


@pytest.mark.parametrize("passes", [4, 4 * np.tile([0.99, 1.0, 1.01, 1.02, 1.0], 5)])
def test_where_every_run_made_four_passes_the_half_life_is_refused(passes):
    with pytest.raises(
        ValueError, match=r"every run made 4.* passes .* shows only where passes di"
    ):
        repeats.fit(repeated(passes))


def test_what_repeats_lose_is_flat_where_all_passes_are_alike():
    """The law's own likelihood says so: any half-life, with the factor B that makes up for it."""
    runs = repeated(4)
    view = repeats.Repeats(dict(zip(repeats.PARAMETERS, map(float, LAW))), 0.0, 0.0, runs).view()
    assert identity(view).flat == ("B", "half_life")


def test_a_size_that_never_changes_leaves_its_term_untold():
    runs = grid(5, 6, 0.0)
    same = table(np.full(30, 1e8) * (1 + 1e-12 * np.arange(30)), runs["d"], runs["loss"])
    view = parametric.Approach3(1.69, 406.4, 410.7, 0.34, 0.28, 0.0, 30, runs=same).view()
    assert set(identity(view).flat) == {"E", "A", "alpha"}


def test_a_steeper_law_than_is_searched_ends_at_the_bound():
    x = np.geomspace(1, 100, 12)
    found = identity(curves.fit(points(x, 3 * x**-7.0), "power").view())
    assert found.at_bound == (("c", curve_search.EXPONENT),)


def test_a_power_law_has_no_floor():
    x = np.geomspace(1e3, 1e6, 24)
    rising = curves.law("power", np.array([50.0, 0.2]), x) * (x / x[0]) ** (
        -0.01 * np.log(x / x[0])
    )
    found = identity(curves.fit(points(x, rising), "saturating").view())
    assert found.no_floor


def test_an_exponent_that_noise_drowns_is_vague():
    x = np.geomspace(1, 3, 12)
    y = x**-0.01 * np.exp(0.1 * np.random.default_rng(0).standard_normal(12))
    ((name, error),) = identity(curves.fit(points(x, y), "power").view()).vague
    assert name == "c" and error > 0.03
