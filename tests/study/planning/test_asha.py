"""Do the decisions of ASHA follow Algorithm 2 of Li et al. 2018, within groups that compare?"""

import math

import pytest

from scaling.study import Plan, Study
from scaling.study.planning.asha import (
    Asha,
    Entrant,
    groups,
    ordinal,
    places,
    planned_steps,
    with_asha,
)
from scaling.study.planning.devices import GPU_TYPES
from scaling.study.planning.forecast import at_mfu, forecast
from scaling.study.settings import with_settings

RUNGS, ETA = (100, 300), 3
# held-out losses at the first rung, in the order in which trainings come to it
FIRST = dict(zip("abcdefghi", (0.9, 0.5, 0.7, 0.3, 0.8, 0.6, 0.4, 1.0, 0.2)))
SECOND = {"b": 0.35, "d": 0.25, "g": 0.30, "i": 0.28}


def come(first: str, second: str = "", passed: str = "") -> set[str]:
    """Who goes on from the last rung that it has reached, where those named have come to each."""
    entrants = []
    for name, loss in FIRST.items():
        losses = {100: loss} if name in first else {}
        losses |= {300: SECOND[name]} if name in second else {}
        entrants.append(Entrant(name, losses, max(losses, default=0), 100 if name in passed else 0))
    found = places(entrants, RUNGS, ETA)
    assert found.keys() == set(first)
    return {name for name, place in found.items() if place.goes_on}


def test_a_third_of_those_that_have_come_to_a_rung_go_on():
    assert come("ab") == set()  # ⌊2/3⌋ = 0
    assert come("abc") == {"b"}
    assert come("abcde", passed="b") == {"b", "d"}  # who was let pass is not called back
    assert come("abcdef", passed="bd") == {"b", "d"}
    assert come("abcdefghi", passed="bd") == {"b", "d", "g", "i"}


def test_the_second_rung_counts_those_alone_that_passed_the_first():
    every, passed = "abcdefghi", "bdgi"
    assert come(every, "b", passed) == {"d", "g", "i"}  # which are on their way there
    assert come(every, "bdg", passed) == {"d", "i"}
    assert come(every, "bdgi", passed) == {"d"}


def test_the_best_goes_on_once_nobody_else_is_to_come():
    two = [Entrant("a", {100: 0.4}, 100), Entrant("b", {100: 0.3}, 100)]
    found = places(two, (100,), 3)
    assert (found["a"].goes_on, found["b"].goes_on) == (False, True)
    assert str(found["a"]) == "rung 100, 2nd of 2 by held-out loss"
    waiting = [*two, Entrant("c", {}, 50)]
    assert not places(waiting, (100,), 3)["b"].goes_on
    lost = [*two, Entrant("c", {}, 50, lost=True)]
    assert places(lost, (100,), 3)["b"].goes_on


def test_what_diverged_counts_as_the_worst_and_no_loss_is_no_rank_to_go_on():
    some = [Entrant("a", {100: 0.4}, 100), Entrant("b", {}, 60, diverged=True)]
    assert places([*some, Entrant("c", {}, 0, diverged=True)], (100,), 3)["a"].of == 3
    none = places([Entrant("a", {100: None}, 100), Entrant("b", {100: math.inf}, 100)], (100,), 2)
    assert not any(place.goes_on for place in none.values())


def test_who_has_trained_beyond_a_rung_passed_it():
    trained = [Entrant("a", {100: 0.9, 300: 0.8}, 450), Entrant("b", {100: 0.5}, 100)]
    found = places([*trained, Entrant("c", {}, 0)], RUNGS, ETA)
    assert found["a"].rung == 300 and found["a"].goes_on and not found["b"].goes_on


def test_of_equal_losses_the_first_is_best():
    same = [Entrant(name, {100: 0.5}, 100) for name in "cab"]
    found = places(same, (100,), 3)
    assert [found[name].rank for name in "cab"] == [1, 2, 3]


def plan_of(tiny, **grid) -> Plan:
    study = Study(name="s", question="?", expectation="!", trials=(tiny,))
    return Plan.of(study.with_grid({key.replace("__", "."): v for key, v in grid.items()}))


def test_rates_of_one_model_and_seed_are_a_group(tiny):
    plan = plan_of(tiny, model__width=(16, 32), train__lr=(1e-3, 3e-3, 1e-2), train__seed=(0, 1))
    found = groups(plan)
    assert [len(group) for group in found] == [3] * 4
    for group in found:
        assert len({(t.model, t.spec.train.seed) for t in group}) == 1
    batches = plan_of(tiny, train__batch=(8, 16))  # which see other numbers of images at a step
    assert [len(group) for group in groups(batches)] == [1, 1]


@pytest.mark.parametrize(
    "text, says",
    [
        ("eta=3", "does not say where the first rung is"),
        ("grace=0", "grace lies in 1"),
        ("grace=3,eta=1", "eta in 2"),
        ("grace=3,grace=4", "'grace=4' is not understood"),
        ("grace=1e3", "'grace=1e3' is not understood"),
        ("", "'' is not understood"),
    ],
)
def test_what_is_no_asha_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        Asha.parse(text)


def test_plans_without_anything_to_compare_are_refused(tiny):
    rates = {"train__lr": (1e-3, 3e-3)}
    asha = Asha.parse("grace=6")
    assert asha == Asha(grace=6, eta=3) and asha.check(plan_of(tiny, **rates)) == []
    with pytest.raises(ValueError, match="each of the 2 here is alone"):
        asha.check(plan_of(tiny, model__width=(16, 32)))
    with pytest.raises(ValueError, match="first rung is not before the end"):
        Asha(grace=12).check(plan_of(tiny, **rates))
    with pytest.raises(ValueError, match=r"no multiple of train\.heldout_every=6"):
        Asha(grace=4).check(plan_of(tiny, **rates))
    falling = with_settings(tiny, {"train.schedule": "wsd", "train.cooldown": 0.5})
    with pytest.raises(ValueError, match="trunk that others may share"):
        asha.check(plan_of(falling, **rates))
    mixed = Study(
        name="s",
        question="?",
        expectation="!",
        trials=(
            tiny,
            with_settings(tiny, {"train.lr": 1e-3}),
            with_settings(tiny, {"model.width": 32}),
        ),
    )
    (note,) = asha.check(Plan.of(mixed))
    assert note == "1 of 2 groups are one training, which --asha never stops"


def test_rungs_and_how_far_a_group_comes():
    asha = Asha(grace=100)
    assert asha.rungs(2500) == (100, 300, 900) and asha.rungs(900) == (100, 300)
    assert planned_steps(9, 900, asha) == [900, 300, 300, *[100] * 6]
    assert planned_steps(2, 900, asha) == [900, 100] and planned_steps(1, 900, asha) == [900]


def test_a_plan_is_priced_with_and_without(tiny):
    plan = plan_of(tiny, train__lr=(1e-3, 2e-3, 3e-3))  # 12 steps, measured at 6 and 12
    told = forecast(plan, 1, at_mfu(GPU_TYPES["h100"], 0.4), (1.0, 1.0))
    found = with_asha(plan, Asha(grace=6), told)
    assert (found.trainings, found.to_the_end) == (3, 1)
    # of training (12 + 6 + 6) / 36, of the evaluations (2 + 1 + 1) / 6
    assert found.gpu_hours == pytest.approx(2 / 3 * told.gpu_hours)
    assert found.gpu_hours_without == told.gpu_hours


def test_ordinals():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == (
        "1st 2nd 3rd 4th 11th 12th 13th 21st 112th".split()
    )
