"""Do grids, seeds, loading and plans say what will be run, once each?"""

import pytest

from scaling.study import Plan, Study, distinct, grid, load_study, study_names, with_seeds
from scaling.study.settings import with_settings


def study(trials, **fields):
    return Study(
        **{"name": "test", "question": "?", "expectation": "!", "trials": trials, **fields}
    )


def test_a_grid_is_the_product_of_its_axes(tiny):
    trials = grid(
        tiny,
        {
            "size": [{"model.width": 16}, {"model.width": 32, "model.depth": 2}],
            "model.patch": [2, 4],
        },
    )
    assert [(t.model.width, t.model.depth, t.model.patch) for t in trials] == [
        (16, 1, 2),
        (16, 1, 4),
        (32, 2, 2),
        (32, 2, 4),
    ]


def test_identical_specs_are_one_trial(tiny):
    assert len(distinct([tiny, tiny])) == 1
    assert len(Plan.of(study(grid(tiny, {"train.lr": [1e-3, 1e-3, 2e-3]}))).trials) == 2


def test_seeds_repeat_training_and_sampling(tiny):
    trials = with_seeds([tiny], 3)
    assert [(t.train.seed, t.evaluate.protocol.sampling_seed) for t in trials] == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]
    assert len({t.train_id for t in trials}) == 3
    assert len({str(t.evaluate.protocol.comparable) for t in trials}) == 1
    assert len(study([tiny]).with_settings({"seeds": 3}).all_trials) == 3


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


@pytest.mark.parametrize("name", study_names())
def test_every_study_that_ships_loads_under_its_file_name_and_says_its_question(name):
    found = load_study(name)
    assert found.name == name and found.question and found.expectation
    assert Plan.of(found).train_flops > 0


@pytest.mark.parametrize(
    "text, says",
    [
        (None, "no such study file"),
        ("x = 1", "does not define STUDY"),
        ("STUDY = 3", "found a int"),
        ("import nothing_there", "ModuleNotFoundError"),
        ("def (", "SyntaxError"),
    ],
)
def test_a_bad_study_file_is_refused_in_one_line(tmp_path, text, says):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=says) as error:
        load_study(str(path))
    assert "\n" not in str(error.value)


def test_an_unknown_study_shows_the_nearest():
    with pytest.raises(ValueError, match="nearest: digits"):
        load_study("digit")


@pytest.mark.parametrize("name", ["../up", "a/b", "", "runs", "."])
def test_a_study_name_cannot_leave_its_root(tiny, name):
    with pytest.raises(ValueError):
        study([tiny], name=name)


@pytest.mark.parametrize("value", [0, "three", 1.5])
def test_bad_seeds_are_refused(tiny, value):
    with pytest.raises(ValueError, match="seeds"):
        study([tiny]).with_settings({"seeds": value})


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
    study = Study(name="wsd", question="?", expectation="!", trials=(*cooldowns, constant, *others))
    order = [group[0].spec for group in Plan.of(study).runs()]
    assert set(order[:2]) == {constant, others[0]} and set(order[2:]) == {*cooldowns, others[1]}
    assert order.index(cooldowns[0]) < order.index(cooldowns[1])
