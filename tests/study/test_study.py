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
