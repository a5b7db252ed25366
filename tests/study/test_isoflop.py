"""Does every model of an isoFLOP set spend each budget, to within a step?"""

import pytest

from scaling.study import Plan, Study, cost, isoflop, load_study
from scaling.study.isoflop import off_budget
from scaling.study.settings import with_settings

BUDGETS = (1e9, 2e9, 4e9)


def models(tiny, *widths: int):
    return [tiny.model.model_copy(update={"width": width}) for width in widths]


def test_training_flops_are_the_budget_to_half_a_step(tiny):
    trials = isoflop(tiny, models(tiny, 16, 32, 48), BUDGETS)
    assert [t.model.width for t in trials] == [16] * 3 + [32] * 3 + [48] * 3
    for trial, budget in zip(trials, BUDGETS * 3):
        step = 6 * cost.forward_gmacs(trial.model) * 1e9 * trial.train.batch
        assert abs(step * trial.train.steps - budget) <= step / 2
        assert abs(off_budget(trial, budget)) <= 0.5 / trial.train.steps


def test_without_a_horizon_the_budgets_of_a_model_are_one_training(tiny):
    def trainings(schedule: str) -> int:
        base = with_settings(tiny, {"train.schedule": schedule})
        trials = isoflop(base, models(tiny, 16, 32), BUDGETS)
        plan = Plan.of(Study(name="iso", question="?", expectation="!", trials=trials))
        return len(plan.runs())

    assert trainings("constant") == 2 and trainings("cosine") == 6


@pytest.mark.parametrize(
    "widths, budgets, why",
    [
        ((), BUDGETS, "needs models"),
        ((16,), (), "needs budgets"),
        ((16, 16), BUDGETS, "each of its models once"),
        ((16,), (1e9, 1e9), "each of its budgets once"),
        ((16,), (1e6,), "are 0 steps of DiT-d1w16/4 at batch 16, fewer than 10; .* of 2.14e"),
        ((16,), (float("nan"),), "a budget of nan training FLOPs is no number above 0"),
        ((16,), (-1.0,), "a budget of -1"),
    ],
)
def test_what_is_no_isoflop_set_is_refused(tiny, widths, budgets, why):
    with pytest.raises(ValueError, match=why):
        isoflop(tiny, models(tiny, *widths), budgets)


@pytest.mark.parametrize(
    ("models", "budgets", "why"),
    [
        (
            ["DiT-S/2"],
            [1e9],
            r"^the models of an isoFLOP set are \['DiT-S/2'\], not a list of netw",
        ),
        (None, [1e9], "^the models of an isoFLOP set are None"),
        ((), ["1e9"], "^the budgets of an isoFLOP set are .*, not a list of numbers"),
        ((), 1e9, "^the budgets of an isoFLOP set are"),
    ],
)
def test_what_is_no_list_of_networks_or_numbers_is_named(tiny, models, budgets, why):
    with pytest.raises(ValueError, match=why):
        isoflop(tiny, models, budgets)


def test_the_study_that_ships_spends_four_budgets_in_six_trainings():
    plan = Plan.of(load_study("isoflop"))
    assert (len(plan.trials), len(plan.runs())) == (24, 6)
    budgets = sorted({float(f"{t.train_flops:.2g}") for t in plan.trials})
    assert budgets == [2e10, 4e10, 8e10, 16e10]
