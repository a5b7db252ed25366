"""Are the recipes of a study told apart as steps, and is a ladder told from other studies?"""

import pytest

from analysis.answers.compare.steps import is_ladder, steps_of
from scaling.study import Plan, Study, TrialSpec, grid
from scaling.study.settings import with_settings
from tests.analysis.synthetic_study import SIZES

FLOW = {"diffusion.objective": "flow", "model.learn_sigma": False}
FLOW |= {"evaluate.protocol.sampler": "euler"}


def plan_of(tiny: TrialSpec, recipes: list[dict], sizes=SIZES) -> Plan:
    trials = [
        with_settings(trial, recipe) for recipe in recipes for trial in grid(tiny, {"size": sizes})
    ]
    return Plan.of(Study(name="s", question="?", expectation="!", trials=tuple(trials), seeds=2))


def test_steps_are_the_recipes_of_a_study_named_by_what_changed(tiny):
    plan = plan_of(tiny, [{}, FLOW, FLOW | {"model.mlp": "swiglu"}])
    steps = steps_of(plan)
    assert is_ladder(plan, steps)
    assert list(steps) == ["the first", "learn_sigma=False, objective=flow", "mlp=swiglu"]
    rungs = [sorted(set(rungs.values())) for rungs in steps.values()]
    assert rungs[0] == rungs[1] == rungs[2] and len(rungs[0]) == len(SIZES)
    assert {len(rungs) for rungs in steps.values()} == {2 * len(SIZES)}


@pytest.mark.parametrize(
    "recipes",
    [
        [{}, FLOW],
        [{"model.patch": patch} for patch in (8, 4, 2)],
        [{"evaluate.protocol.sampling_steps": steps} for steps in (5, 10, 20)],
        [{}, FLOW, FLOW | {"data.source": "folder", "data.name": "a", "data.size": 8}],
    ],
    ids=["one change", "patches", "samplers", "images"],
)
def test_what_changes_no_recipe_is_no_ladder(tiny, recipes):
    plan = plan_of(tiny, recipes, SIZES[:2])
    steps = steps_of(plan)
    assert len(steps) == len(recipes) and not is_ladder(plan, steps)


def test_sizes_without_another_recipe_of_theirs_are_one_step(tiny):
    sizes = grid(tiny, {"size": SIZES})
    others = [with_settings(sizes[0], {"train.label_dropout": 0.5})]  # one size of another recipe
    plan = Plan.of(Study(name="s", question="?", expectation="!", trials=(*sizes, *others)))
    assert list(steps_of(plan)) == ["the first"]
