"""Are the quantiles and tail areas those of scipy.stats?"""

import numpy as np
import pytest
from scipy import stats

from analysis.fits import distributions

VALUES = np.array([0.0, 0.3, 1.0, 2.5, 9.0, 80.0])
SHARES = np.array([0.001, 0.2, 0.5, 0.975, 0.9999])
DOFS = np.array([[1.0], [1.7], [4.0], [37.5], [1e6]])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (distributions.t_quantile(SHARES, DOFS), stats.t.ppf(SHARES, DOFS)),
        (distributions.t_above(VALUES, DOFS), stats.t.sf(VALUES, DOFS)),
        (distributions.f_quantile(SHARES, 3, DOFS), stats.f.ppf(SHARES, 3, DOFS)),
        (distributions.f_above(VALUES, 3, DOFS), stats.f.sf(VALUES, 3, DOFS)),
        (distributions.chi2_above(VALUES, DOFS), stats.chi2.sf(VALUES, DOFS)),
        (distributions.normal_quantile(SHARES), stats.norm.ppf(SHARES)),
        (distributions.normal_below(-VALUES), stats.norm.sf(VALUES)),
    ],
)
def test_they_are_the_figures_of_scipy_stats(ours, theirs):
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-300)


def test_without_a_degree_of_freedom_there_is_no_quantile():
    assert np.isnan(distributions.t_quantile(0.975, 0))
