"""Does a study refuse a name or a number of seeds that cannot be?"""

import pytest

from scaling.study import Study
from scaling.study.settings import with_settings


def study(trials, **fields):
    return Study(
        **{"name": "test", "question": "?", "expectation": "!", "trials": trials, **fields}
    )


@pytest.mark.parametrize("name", ["../up", "a/b", "", "runs", "."])
def test_a_study_name_cannot_leave_its_root(tiny, name):
    with pytest.raises(ValueError):
        study([tiny], name=name)


@pytest.mark.parametrize("value", [0, "three", 1.5])
def test_bad_seeds_are_refused(tiny, value):
    with pytest.raises(ValueError, match="seeds"):
        study([tiny]).with_settings({"seeds": value})


def test_a_grid_crosses_every_trial_and_keeps_each_once(tiny):
    wide = with_settings(tiny, {"model.width": 32})
    crossed = study([tiny, wide]).with_grid({"model.width": [16, 32], "train.lr": [1e-3, 2e-3]})
    assert [(t.model.width, t.train.lr) for t in crossed.trials] == [
        (16, 1e-3),
        (16, 2e-3),
        (32, 1e-3),
        (32, 2e-3),
    ]
    assert study([tiny]).with_grid({}) == study([tiny])


def test_a_grid_of_models_takes_their_names(tiny):
    crossed = study([tiny]).with_grid({"model": ["DiT-d1w16/4", "DiT-S/2"]})
    assert [t.model.name for t in crossed.trials] == ["DiT-d1w16/4", "DiT-S/2"]
    assert crossed.trials[1].model.channels == tiny.model.channels
    with pytest.raises(ValueError, match="--grid model=GPT-2: "):
        study([tiny]).with_grid({"model": ["GPT-2"]})
    with pytest.raises(ValueError, match=r"unknown setting 'model\.size'"):
        study([tiny]).with_grid({"model.size": ["S", "B"]})


def test_settings_and_a_grid_are_validated_together(tiny):
    """Of each pair the settings alone would not fit the trial, or undo what the grid names."""
    flow = {"diffusion.objective": "flow"}
    asked = study([tiny]).with_settings(flow, {"model.learn_sigma": [False]})
    assert [(t.diffusion.objective, t.model.learn_sigma) for t in asked.trials] == [("flow", False)]
    paths = study([tiny]).with_settings(
        {"model.learn_sigma": False, "seeds": 2}, {"diffusion.objective": ["flow", "epsilon"]}
    )
    assert [t.diffusion.objective for t in paths.trials] == ["flow", "epsilon"] and paths.seeds == 2
    wide = study([tiny]).with_settings({"model.heads": 3}, {"model.width": [12, 24]})
    assert [(t.model.heads, t.model.width) for t in wide.trials] == [(3, 12), (3, 24)]
    names = study([tiny]).with_settings(
        flow | {"model.learn_sigma": False, "model.patch": 2}, {"model": ["DiT-d1w16/4", "DiT-S/2"]}
    )
    assert [t.model.name for t in names.trials] == ["DiT-d1w16/4", "DiT-S/2"]
    assert not any(t.model.learn_sigma for t in names.trials)
    small = study([tiny]).with_settings({"scale": "debug", "train.steps": 9}, {"train.lr": [1e-3]})
    assert small.name == "test_debug" and [t.train.steps for t in small.trials] == [9]
