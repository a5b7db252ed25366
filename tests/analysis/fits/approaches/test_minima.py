"""Are the best sizes found where they are bracketed, and refused, with a reason, where they are
not?
"""

import numpy as np
import pytest

from analysis.fits.approaches import minima
from tests.analysis.laws import isoflop_runs, table


def test_the_error_of_a_minimum_is_its_scatter():
    found = [
        minima.minimum(isoflop_runs(0.003, seed, budgets=(1e20,), decades=0.7))
        for seed in range(150)
    ]
    kept = [m for m in found if m.n is not None]
    assert len(kept) > 140
    spread = np.std([np.log(m.n) for m in kept])
    assert np.median([m.log_n_error for m in kept]) == pytest.approx(spread, rel=0.25)


def test_a_curve_that_still_falls_has_no_minimum():
    for off, side in ((1.0, "smallest"), (-1.0, "largest")):
        found = minima.minimum(isoflop_runs(budgets=(1e20,), decades=0.5, off_centre=off))
        assert found.n is None
        assert found.why.startswith(
            f"not bracketed: the curve is lowest beyond the {side} size tried"
        )


def test_a_concave_curve_has_no_minimum():
    n = np.geomspace(1e7, 1e9, 6)
    loss = np.exp(1 - 0.1 * np.log(n / 1e8) ** 2)
    for curve in ("parabola", "auto"):
        found = minima.minimum(table(n, 1e20 / 6 / n, loss), curve)
        assert found.n is None
        assert "not convex" in found.why or "not bracketed" in found.why
    line = minima.minimum(table(n, 1e20 / 6 / n, n**-0.1), "parabola")
    assert line.n is None


def test_a_curve_is_drawn_where_there_is_one():
    good = minima.minimum(isoflop_runs(budgets=(1e20,)))
    assert good.line(np.array([good.n])) == pytest.approx([good.loss])
    bad = minima.minimum(isoflop_runs(budgets=(1e20,), models=2))
    with pytest.raises(ValueError, match="has no curve: a parabola needs 3 model sizes, found 2"):
        bad.line(np.array([1e8]))
