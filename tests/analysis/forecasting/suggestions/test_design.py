"""Is the expected variance the one that measuring leaves, and is each GPU-hour paid once?"""

import itertools

import numpy as np
import pytest

from analysis.forecasting.suggestions.design import (
    Training,
    best,
    choose,
    conditioned,
    variances_after,
)

NOISE = 0.3


@pytest.fixture
def covariance():
    root = np.random.default_rng(0).standard_normal((7, 9))
    return root @ root.T


def brute(covariance, measured, noise):
    """The covariance given all of ``measured`` at once, by the inverse."""
    cross = covariance[:, measured]
    inverse = np.linalg.inv(covariance[np.ix_(measured, measured)] + noise * np.eye(len(measured)))
    return covariance - cross @ inverse @ cross.T


def test_variances_after_each_checkpoint_are_those_of_conditioning_at_once(covariance):
    left = variances_after(covariance, 6, [4, 0, 2], NOISE)
    assert left == pytest.approx(
        [brute(covariance, [4, 0, 2][:k], NOISE)[6, 6] for k in (1, 2, 3)], rel=1e-10
    )
    assert np.allclose(
        conditioned(covariance, [4, 0, 2], NOISE), brute(covariance, [4, 0, 2], NOISE)
    )


def test_the_expected_variance_is_what_repeated_measuring_leaves(covariance):
    rng = np.random.default_rng(1)
    truth = rng.multivariate_normal(np.zeros(7), covariance, 100_000)
    seen = truth[:, [1, 3]] + np.sqrt(NOISE) * rng.standard_normal((100_000, 2))
    weights, *_ = np.linalg.lstsq(seen, truth[:, 6], rcond=None)
    assert np.var(truth[:, 6] - seen @ weights) == pytest.approx(
        variances_after(covariance, 6, [1, 3], NOISE)[-1], rel=0.02
    )


def test_the_best_choice_is_the_best_of_all_by_brute_force(covariance):
    trainings = [
        Training((0, 1, 2), (1.0, 2.0, 4.0)),
        Training((3, 4), (0.5, 7.0)),
        Training((5,), (3.0,)),
    ]
    rates = {
        (which, k): (covariance[6, 6] - brute(covariance, list(t.places[: k + 1]), NOISE)[6, 6])
        / t.prices[k]
        for which, t in enumerate(trainings)
        for k in range(len(t.places))
    }
    choice = best(covariance, 6, trainings, NOISE)
    assert (choice.training, choice.checkpoint) == max(rates, key=rates.get)
    assert best(covariance, 6, trainings, NOISE, budget=0.4) is None
    assert best(covariance, 6, trainings, NOISE, budget=0.5).gpu_hours == 0.5


def test_a_continued_training_costs_its_increment(covariance):
    training = Training((0, 1, 2), (1.0, 2.5, 4.0))
    assert training.after(0) == Training((1, 2), (1.5, 3.0))
    assert training.after(2) == Training((), ())
    spent = choose(covariance, 6, [training], NOISE, budget=100.0)
    assert sum(choice.gpu_hours for choice in spent) <= 4.0
    assert spent[-1].variance == pytest.approx(brute(covariance, [0, 1, 2], NOISE)[6, 6])


@pytest.mark.parametrize("budget", [0.5, 1.2, 3.0, 6.5, 11.0])
def test_choices_stay_within_the_budget_and_narrow_at_every_step(covariance, budget):
    trainings = [
        Training((0, 1, 2), (1.0, 2.0, 4.0)),
        Training((3, 4), (0.5, 7.0)),
        Training((5,), (3.0,)),
    ]
    chosen = choose(covariance, 6, trainings, NOISE, budget)
    assert 0 < sum(choice.gpu_hours for choice in chosen) <= budget
    variances = [covariance[6, 6], *(choice.variance for choice in chosen)]
    assert all(after < before for before, after in itertools.pairwise(variances))


def test_a_dear_measurement_that_tells_all_is_not_crowded_out_by_cheap_ones():
    covariance = np.array([[1.0, 0, 0.31], [0, 1.0, 0.95], [0.31, 0.95, 1.0]])
    trainings = [Training((0,), (1.0,)), Training((1,), (10.0,))]
    assert [choice.training for choice in choose(covariance, 2, trainings, 1e-6, budget=10.5)] == [
        1
    ]
    assert [choice.training for choice in choose(covariance, 2, trainings, 1e-6, budget=11)] == [
        0,
        1,
    ]


def test_a_budget_of_nothing_is_refused(covariance):
    with pytest.raises(ValueError, match="0 GPU-hours buys nothing"):
        choose(covariance, 6, [], NOISE, 0.0)
