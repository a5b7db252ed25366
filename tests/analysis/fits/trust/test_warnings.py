"""Is each doubt a sentence of its kind, with its rows and the answer that would be?"""

import numpy as np
import pytest

from analysis.fits import curves
from analysis.fits.approaches import parametric
from analysis.fits.simulation import simulate
from analysis.fits.trust.warnings import warnings
from tests.analysis.fits.test_curves import points
from tests.analysis.fits.trust.test_errors import luck, noisy
from tests.analysis.fits.trust.test_influence import bent_rows
from tests.analysis.fits.trust.test_misfit import hindered
from tests.analysis.laws import grid


def kinds(view, resamples: int = 60) -> dict[str, object]:
    return {told.kind: told for told in warnings(view, simulate(view, resamples))}


def test_a_law_that_holds_has_none():
    assert kinds(parametric.fit(grid(6, 5, 0.004, seed=2)).view()) == {}


def test_checkpoints_are_taken_for_such_and_their_error_for_shared():
    runs = noisy(luck(0.9))
    found = kinds(parametric.fit(runs).view())
    assert {"checkpoints", "shared-error"} <= set(found)
    assert found["checkpoints"].rows == runs.names
    assert "--cluster none" in found["checkpoints"].text
    told = kinds(parametric.fit(noisy(luck(0.9), np.arange(48) % 8)).view())
    assert "checkpoints" not in told


def test_a_bound_says_which_and_where():
    x = np.geomspace(1, 100, 12)
    view = curves.fit(points(x, 3 * x**-7.0), "power").view()
    assert kinds(view)["bound"].text.startswith("c at the end of what is searched (c = 5.00)")
    told = warnings(view)[0]  # without intervals too
    assert told.kind == "bound" and told.parameters == ("c",)


def test_a_floor_of_nothing_is_told_with_what_it_may_be_at_most():
    x = np.geomspace(1e3, 1e6, 24)
    y = 50 * x**-0.2 * np.exp(0.02 * np.random.default_rng(1).standard_normal(24))
    y *= np.exp(-0.004 * np.log(x / x[0]) ** 2)
    text = kinds(curves.fit(points(x, y), "saturating").view())["bound"].text
    assert text.startswith("no floor shows: E is at its lower end, nothing, and at most ")


def test_lack_of_fit_names_what_another_law_says():
    told = kinds(parametric.fit(hindered(1)).view())["lack-of-fit"]
    assert "approach 3 does not fit these rows" in told.text
    assert "size and data that help or hinder each other: exponent is 0.4" in told.text


def test_influence_names_the_rows_and_the_answer_without_them():
    runs, high = bent_rows()
    told = kinds(parametric.fit(runs).view())["influence"]
    assert set(told.rows) <= {runs.names[i] for i in high}
    assert "without them" in told.text


@pytest.mark.parametrize("power", [0.4])
def test_unequal_noise_is_told_with_the_weighed_answer(power):
    rng = np.random.default_rng(3)
    runs = noisy(lambda r: 0.003 * (r["n"] / 3e8) ** power * rng.standard_normal(len(r)))
    told = kinds(parametric.fit(runs).view())["unequal-noise"]
    assert "errors grow as n^0." in told.text and "where each is weighed by its own" in told.text
    assert told.as_json().keys() == {"kind", "text", "rows"}
