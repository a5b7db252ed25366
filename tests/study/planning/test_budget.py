"""Does nothing begin that the budget cannot pay, and does what runs end before it is exceeded?"""

import pytest

from scaling.study.planning.budget import MARGIN_S, Standing, check_budget, verdict
from scaling.study.planning.time_left import Paces, Seen

HOUR = 3600.0
# a step of one FLOP takes a minute, an evaluation of one FLOP half an hour
PACES = Paces(step_s=lambda flops, kind: 60 * flops, evaluation_s=lambda flops, kind: 1800 * flops)


def training(train_id: str, steps: int = 60, done: int = 0, **more) -> Standing:
    """A training of ``steps`` minutes with an evaluation of half an hour at its end."""
    seen = Seen(steps, float(steps), (1.0,), done_steps=done, train_s=60.0 * done)
    return Standing(train_id, seen, **more)


def test_what_the_rest_takes_counts_devices():
    one = training("a", done=30, devices=4.0)
    assert one.rest_hours(PACES) == pytest.approx((4 * 0.5, 0.5))


def test_a_training_begins_where_it_can_be_paid_beside_what_runs():
    waiting = [training("long"), training("short", steps=6)]
    running = training("r", done=30, running=True, spent_hours=0.5, reach=60, due=(1.0,))
    # 0.5 spent, 1 to come of the one that runs; 1.5 for the long one, 0.6 for the short one
    found = verdict(2.5, [running, *waiting], PACES, ["long", "short"])
    assert (found.begin, found.ending, found.over) == (["short"], False, False)
    assert found.refused == {
        "long": "it is forecast to take 1.5 GPU-hours, and 1 of the budget of 2.5 are free"
    }
    assert verdict(3.6, [running, *waiting], PACES, ["long", "short"]).begin == ["long", "short"]
    assert verdict(3.59, [running, *waiting], PACES, ["long", "short"]).begin == ["long"]


def test_while_no_pace_is_known_one_runs_alone():
    waiting = [training("a"), training("b")]
    found = verdict(9.0, waiting, None, ["a", "b"])
    assert (found.begin, found.refused) == (["a"], {})
    running = [training("a", running=True), training("b")]
    assert verdict(9.0, running, None, ["b"]).begin == []


def test_none_begins_that_could_not_be_ended_in_time():
    found = verdict(0.9 * MARGIN_S / HOUR, [training("a")], None, ["a"])
    assert not found.begin and found.refused["a"].endswith(
        "leaves less than the 15 s that ending takes"
    )


def test_what_runs_ends_at_a_checkpoint_while_the_next_ones_can_still_be_paid():
    one = training("a", done=10, running=True, spent_hours=0.2, reach=40, due=())
    assert verdict(0.71, [one], PACES).ending is False  # 0.5 to the checkpoint after the next
    found = verdict(0.7, [one, training("b")], PACES, ["b"])
    assert (found.ending, found.over) == (True, False)
    assert found.refused == {"b": "the budget of 0.7 GPU-hours is used up"}


def test_what_was_foretold_wrongly_ends_before_the_budget_is_exceeded():
    margin = 4 * MARGIN_S / HOUR
    one = training("a", done=10, running=True, spent_hours=1.0, reach=11, devices=4.0)
    assert verdict(1.001 + margin, [one], PACES).over is False
    assert verdict(1.0 + margin, [one], PACES).over is True


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan"), float("inf")])
def test_a_budget_is_a_number_above_0(budget):
    with pytest.raises(ValueError, match="is not a number of GPU-hours above 0"):
        check_budget(budget)
    check_budget(None)
    check_budget(0.5)
