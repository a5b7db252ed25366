"""Are floors and rates of a device found from how long work took?"""

import pytest

from scaling.study.planning.speed import Speed


def test_floors_and_rates_are_recovered():
    truth = Speed(step_s=0.01, train_flops_per_s=2e9, evaluation_s=3.0, sampling_flops_per_s=5e9)
    trainings = [(n, f, truth.training_s(n, f)) for n, f in ((100, 1e9), (200, 1e10), (50, 1e8))]
    evaluations = [(f, truth.measuring_s(1, f)) for f in (1e8, 1e10, 1e11)]
    found = Speed.of(trainings, evaluations)
    assert found.model_dump() == pytest.approx(truth.model_dump(), rel=1e-6)


def test_one_training_gives_a_rate_or_a_floor_and_never_a_negative_one():
    found = Speed.of([(10, 1e9, 2.0)], [])
    assert found.training_s(10, 1e9) == pytest.approx(2.0) and found.step_s >= 0
    assert found.training_s(20, 2e9) == pytest.approx(4.0)
    falling = Speed.of([(10, 1e9, 4.0), (10, 4e9, 2.0)], [])  # larger and faster, as noise has it
    assert falling.step_s >= 0 and falling.train_flops_per_s > 0


def test_without_a_training_there_is_no_speed():
    with pytest.raises(ValueError, match="no training"):
        Speed.of([], [(1e9, 2.0)])
