"""Is a law for each patch told where one law for all does not fit, and not where it does?"""

from dataclasses import replace

import numpy as np

from analysis.fits.approaches import parametric
from analysis.fits.points import Runs, Series
from analysis.fits.simulation import simulate
from analysis.fits.trust import by_series, errors, misfit
from analysis.fits.trust.warnings import warnings
from tests.analysis.laws import TRUTH, grid

PATCHES = Series("patch", ("2", "4"))
DIFFERS = "what it leaves differs by patch"


def of_patches(alpha: float, seed: int = 0) -> Runs:
    """The same sizes and lengths at two patches; of the second alpha is another."""
    other = TRUTH.copy()
    other[1] *= 3e8 ** (alpha - TRUTH[3])  # of one level amid the sizes
    other[3] = alpha
    both = [grid(6, 5, 0.003, seed), grid(6, 5, 0.003, seed + 100, truth=other)]
    columns = {role: np.concatenate([r[role] for r in both]) for role in ("n", "d", "loss")}
    columns["series"] = np.repeat([1.0, 2.0], 30)
    runs = Runs.checked([f"row {i}" for i in range(60)], columns, np.arange(60))
    return replace(runs, series=PATCHES)


def test_each_patch_has_its_own_exponent_and_the_interval_holds_both():
    view = parametric.fit(of_patches(0.28)).view()
    sure = simulate(view, 60)
    assert sure.against.reported and sure.against.worst == DIFFERS
    told = {other.title: float(view.answered(other.estimate)) for other in sure.others}
    assert list(told) == ["a law for each patch, 2", "a law for each patch, 4"]
    for exponent, truth in zip(told.values(), (0.28 / 0.62, 0.28 / 0.56)):
        assert abs(exponent - truth) < 0.02
    low, high = sure.of(view.answered, across=True)
    assert low < min(told.values()) and max(told.values()) < high
    (doubt,) = [doubt for doubt in warnings(view, sure) if doubt.kind == "lack-of-fit"]
    assert "by a law for each patch, 2: exponent is 0.4" in doubt.text


def test_patches_of_one_law_are_seldom_told_to_differ():
    chances = []
    for seed in range(8):
        view = parametric.fit(of_patches(TRUTH[3], seed)).view()
        jacobian = view.jacobian()
        made = errors.estimated(view.runs, view.residuals, jacobian, view.axes)
        chances.append(misfit.lack_of_fit(view, made, jacobian).chances[DIFFERS])
    assert min(chances) > 0.001 and np.mean(chances) > 0.25


def test_a_series_of_too_few_rows_has_no_law_of_its_own():
    runs = of_patches(0.28)
    few = runs.take(np.arange(60) < 35)
    view = parametric.fit(few).view()
    titles = [other.title for other in simulate(view, 60).others]
    assert not any("each patch" in title for title in titles)
    alone = replace(runs, series=Series("patch", ("2",)))
    assert by_series.forms(alone, 5, view.refit, view.log_law) == ()
