"""Is each training run and priced once, in the right order, and does a plan survive its file?"""

import pytest

from scaling.study import Plan, Study, grid
from scaling.study.costs import cost
from scaling.study.settings import with_settings
from tests.study.test_study import study


def test_runs_share_trainings_and_the_dearest_comes_first(tiny):
    longer = tiny.model_copy(update={"train": tiny.train.model_copy(update={"steps": 50})})
    wide = grid(tiny, {"model.width": [64]})[0]
    plan = Plan.of(study((tiny, longer, wide)))
    groups = plan.runs()
    assert sorted(len(group) for group in groups) == [1, 2]
    costs = [max(t.train_flops for t in group) for group in groups]
    assert costs == sorted(costs, reverse=True) and plan.train_flops == sum(costs)


def test_a_plan_survives_json(tiny):
    plan = Plan.of(study([tiny]))
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_trunks_come_before_the_cooldowns_that_wait_for_them(tiny):
    """A constant training is its cooldowns' trunk; without one the dearest cooldown trains it.
    Dearest first otherwise.
    """
    wsd, wide = {"train.schedule": "wsd", "train.cooldown": 0.25}, {"model.width": 24}
    constant, *cooldowns = (
        tiny,
        *(with_settings(tiny, {**wsd, "train.steps": steps}) for steps in (20, 8)),
    )
    others = [with_settings(tiny, {**wsd, **wide, "train.steps": steps}) for steps in (12, 8)]
    asked = Study(name="wsd", question="?", expectation="!", trials=(*cooldowns, constant, *others))
    order = [group[0].spec for group in Plan.of(asked).runs()]
    assert set(order[:2]) == {constant, others[0]} and set(order[2:]) == {*cooldowns, others[1]}
    assert order.index(cooldowns[0]) < order.index(cooldowns[1])


def test_a_network_that_multiplies_nothing_is_refused(tiny, monkeypatch):
    monkeypatch.setattr(type(tiny.model), "layers", lambda model: [])
    cost.forward_macs.cache_clear()
    with pytest.raises(
        ValueError, match=r"^a forward pass of DiT-d1w16/4 does no multiply-accumul"
    ):
        Plan.of(study([tiny]))
    cost.forward_macs.cache_clear()
