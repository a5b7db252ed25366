"""Is the spread that intervals rest on the one that the errors have?"""

import pytest

from analysis.fits import simulation
from analysis.fits.approaches import parametric
from tests.analysis.laws import grid, scattered


def test_the_scatter_that_a_huber_fit_overstates_is_corrected():
    """Of 12 runs and five parameters by the tenth that simulated repeats of known scatter show, of
    240 hardly.
    """
    for runs, low, high in (
        (grid(4, 3, 0.01, seed=5), 1.05, 1.3),
        (scattered(240, 0.01), 0.97, 1.03),
    ):
        fitted = parametric.fit(runs)
        sure = parametric.uncertain(fitted, 100)
        assert low < sure.overstated < high
        assert sure.scatter * sure.overstated == pytest.approx(
            simulation.spread_of(fitted.residuals(), 5)
        )
        assert sure.se["alpha"] * sure.overstated == pytest.approx(sure.draws[:, 3].std(ddof=1))
