"""At which steps is a training measured, and where does its cooldown begin?"""

from scaling.study import EvaluationSpec, TrainSpec


def test_evaluated_steps_are_even_and_end_at_the_last():
    assert EvaluationSpec(checkpoints=4).steps(500) == (125, 250, 375, 500)
    assert EvaluationSpec(checkpoints=5).steps(2) == (1, 2)
    assert EvaluationSpec(every=200).steps(500) == (200, 400, 500)


def test_a_cooldown_begins_where_its_share_of_the_steps_is_left():
    train = TrainSpec(steps=12, batch=1, lr=1e-3, schedule="wsd", cooldown=0.25)
    assert train.has_horizon and train.branch_step == 9
    assert not TrainSpec(steps=12, batch=1, lr=1e-3).has_horizon
