"""Is a law scored on the runs that it was not fitted to, and is a far reach said?"""

import numpy as np
import pytest

from analysis.fits import holdout
from tests.analysis.fits.test_curves import points

X = np.geomspace(1.0, 1e3, 7)


def test_a_law_that_holds_predicts_the_largest_runs():
    audit = holdout.audit(
        points(X, 3 * X**-0.4), holdout.curve("power", resamples=20), "power", "y", "x", rungs=2
    )
    assert audit.held_out == ("row 6", "row 7")
    assert audit.reach == pytest.approx(X[-1] / X[4])
    assert audit.rms == pytest.approx(0, abs=1e-4)
    assert audit.table()["log_error"].to_numpy() == pytest.approx(audit.errors)


def test_a_law_that_bends_is_off_by_what_it_bends():
    y = 3 * X**-0.4
    y[-1] *= 1.5
    audit = holdout.audit(points(X, y), holdout.curve("power", resamples=20), "power", "y", "x")
    assert audit.errors == pytest.approx([-np.log(1.5)], abs=1e-3) and audit.inside == 0


@pytest.mark.parametrize("rungs", [0, 7])
def test_all_or_none_cannot_be_held_out(rungs):
    with pytest.raises(ValueError, match=f"{rungs} of 7 rungs of x cannot be held out; hold out 1"):
        holdout.audit(points(X, X), holdout.curve("power"), "power", "y", "x", rungs)


def test_a_reach_past_ten_times_is_said():
    assert holdout.far(10.0, "the data") == ""
    assert holdout.far(12.0, "the largest run") == (
        "reaches 12 times the largest run, past 10 times the data"
    )
