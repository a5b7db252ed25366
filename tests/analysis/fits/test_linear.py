"""Are least squares, Student's intervals and the two noises what textbooks say?"""

import numpy as np
import pytest
from scipy import stats

from analysis.fits.fid_laws import (
    model_means,
)
from analysis.fits.linear import NoiseVariances, least_squares, noise_of, training_alone
from analysis.frames.published import dit_table4


def test_training_and_sampling_errors_part():
    rng = np.random.default_rng(0)
    cell = np.repeat(np.arange(300), 3)
    noise = 0.05 * rng.standard_normal(900) + 0.02 * rng.standard_normal(900)
    values = np.exp(np.repeat(rng.normal(3, 1, 300), 3) + noise)
    found = noise_of(values, cell, np.full(900, 0.02))
    assert found.training_dof == 600
    assert training_alone(found) == pytest.approx(0.05**2, rel=0.15)
    assert training_alone(noise_of(values[:3], np.arange(3))) is None


def test_student_intervals_are_those_of_linregress():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=8), rng.normal(size=8)
    found, theirs = (
        least_squares(np.column_stack([np.ones(8), x]), y, "a line"),
        stats.linregress(x, y),
    )
    assert found.coefficients[1] == pytest.approx(theirs.slope)
    assert found.errors[1] == pytest.approx(theirs.stderr)


def test_noise_without_repeats_is_not_known():
    assert model_means(dit_table4())[1] == NoiseVariances(None, 0, None)
