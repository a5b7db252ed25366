"""Are the derivatives of a law those of calculus, and its residuals those of its rows?"""

import numpy as np
import pytest

from analysis.fits.fitted import View, derivatives
from analysis.fits.points import Runs

NAMES = ("E", "slope", "shift")


def law(p, x=3.0):
    return np.log(p[0]) + p[1] * x + p[2] ** 2


def test_positive_parameters_are_moved_by_their_logarithm_and_others_as_they_are():
    slopes = derivatives(lambda p: np.array([law(p)]), NAMES, np.array([1e-6, -0.5, 2.0]))
    assert slopes.shape == (1, 3)
    assert slopes[0] == pytest.approx([1.0, 3.0, 4.0], rel=1e-6)


def test_a_parameter_of_zero_has_its_derivative_too():
    assert derivatives(law, NAMES, np.array([1.0, 0.0, 0.0])) == pytest.approx([1.0, 3.0, 0.0])


@pytest.fixture
def view():
    x = np.array([1.0, 2.0, 4.0])
    columns = {"x": x, "loss": np.exp([0.1, 0.0, -0.2])}
    runs = Runs(("S", "B", "L"), columns, np.arange(3))
    return View(
        title="a line",
        names=("slope", "shift"),
        estimate=np.array([-0.1, 0.3]),
        runs=runs,
        measured="loss",
        axes=("x",),
        log_law=lambda p, columns: p[..., :1] * columns["x"] + p[..., 1:],
        refit=lambda *_: np.empty((0, 2)),
        again=lambda runs: None,
        answer="twice",
        answers={"twice": lambda p: 2 * p[..., 0]},
    )


def test_residuals_are_fitted_less_measured_in_logarithms(view):
    assert view.residuals == pytest.approx([0.1, 0.1, 0.1])
    assert view.values == pytest.approx(np.exp([0.1, 0.0, -0.2]))


def test_an_answer_is_a_figure_of_the_parameters_or_one_of_them(view):
    drawn = np.array([[-0.1, 0.3], [-0.2, 0.4]])
    assert view.answered(drawn) == pytest.approx([-0.2, -0.4])
    object.__setattr__(view, "answer", "shift")
    assert view.answered(drawn) == pytest.approx([0.3, 0.4])


def test_the_jacobian_is_of_each_row_by_each_parameter(view):
    assert view.jacobian() == pytest.approx(np.array([[1, 1], [2, 1], [4, 1]]))
