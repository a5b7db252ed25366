"""Is the rate of each schedule what its formula says, behind its warmup?"""

import pytest

from scaling.study import TrainSpec
from scaling.study.specs.schedule import SCHEDULES, learning_rate


def rates(**fields) -> list[float]:
    train = TrainSpec(**{"steps": 20, "batch": 1, "lr": 0.5, **fields})
    return [learning_rate(train, step) for step in range(train.steps)]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_warmup_is_linear_whatever_comes_after(schedule):
    warm = rates(schedule=schedule, warmup_steps=4)
    assert warm[:5] == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5])


def test_after_the_warmup_each_follows_its_formula():
    assert rates() == [0.5] * 20
    cosine = rates(schedule="cosine")
    assert (cosine[0], cosine[10]) == pytest.approx((0.5, 0.25))
    assert cosine[5] + cosine[15] == pytest.approx(0.5)
    wsd = rates(schedule="wsd", cooldown=0.2)
    assert wsd[:17] == [0.5] * 17
    assert wsd[17:] == pytest.approx([0.5 * (1 - (k / 4) ** 0.5) for k in (1, 2, 3)])
