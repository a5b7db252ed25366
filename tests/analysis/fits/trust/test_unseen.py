"""Is the bend that few rows could not show as large as said, and what it does ahead?"""

import numpy as np
import pytest

from analysis.fits import curves
from analysis.fits.approaches import parametric
from analysis.fits.simulation import simulate
from analysis.fits.trust import errors, unseen
from analysis.fits.trust.warnings import warnings
from tests.analysis.fits.test_curves import points
from tests.analysis.laws import grid


def bend_of(view) -> unseen.Unseen | None:
    J = view.jacobian()
    return unseen.bend(view, errors.estimated(view.runs, view.residuals, J, view.axes), J)


def noisy(count: int, noise: float = 0.02):
    x = np.geomspace(1e3, 1e6, count)
    rng = np.random.default_rng(count)
    return points(x, (1.7 + 400 * x**-0.3) * np.exp(noise * rng.standard_normal(count)))


def test_an_exponent_that_changes_by_as_much_as_said_moves_the_figure_by_as_much():
    runs = noisy(12)
    view = curves.fit(runs, "power", delta=10.0).view()  # least squares
    found = bend_of(view)
    assert found.axes == ("x",) and found.middle == pytest.approx(10**4.5)
    hinge = found.size * np.maximum(np.log(runs["x"] / found.middle), 0)
    again = view.refit(runs.columns, np.exp(np.log(view.values) - hinge)[None], np.ones((1, 12)))[0]
    far = {"x": np.array([1e7])}
    moved = view.log_law(again, far) - view.log_law(view.estimate, far)
    missed = -found.size * np.log(1e7 / found.middle) - moved
    assert abs(missed[0]) == pytest.approx(found.move, rel=1e-3)
    assert 1 < found.reach < 10


def test_many_rows_exact_rows_and_rows_without_one_to_spare_have_none():
    assert bend_of(curves.fit(noisy(30), "saturating").view()) is None
    assert bend_of(curves.fit(noisy(12, 0.0), "saturating").view()) is None
    assert bend_of(curves.fit(noisy(4), "saturating").view()) is None
    assert bend_of(curves.fit(noisy(12, 1e-4), "saturating").view()) is None  # it moves too little


def test_two_inputs_may_help_or_hinder_each_other():
    found = bend_of(parametric.fit(grid(4, 3, 0.02, seed=1)).view())
    assert found.axes in {("n",), ("d",), ("n", "d")} and found.move > unseen.TOLD


def test_it_is_told_with_how_far_the_table_reaches():
    view = curves.fit(noisy(8), "saturating").view()
    (told,) = [beware for beware in warnings(view, simulate(view, 40)) if "miss" in beware.text]
    assert told.kind == "unseen-bend" and told.text.startswith("8 rows would miss, one time in two")
    assert "at 10 times the largest x by" in told.text and "less than 5% only up to" in told.text
    assert told.text.endswith("; predictions hold what is said by a power law on the upper half")
    (alone,) = [beware for beware in warnings(view) if beware.kind == "unseen-bend"]
    assert alone.text.endswith("; intervals do not hold it")
