"""Is a grid the product of its axes, with each trial once and each seed apart?"""

import pytest

from scaling.study import Plan, distinct, grid, with_seeds
from tests.study.test_study import study


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
    assert len(Plan.of(study([*grid(tiny, {"train.lr": [1e-3, 2e-3]}), tiny, tiny])).trials) == 3


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


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        ({"seeds": [1, 2]}, r"^the axis 'seeds' is no field of a trial; give it to the study"),
        ({"scale": ["debug"]}, r"^the axis 'scale' is no field of a trial; --set scale=NAME"),
        ({3: [1]}, "^the axis 3 is no name of a field"),
        ([("train.lr", [1])], r"needs a TrialSpec and a mapping of axes"),
        (None, r"needs a TrialSpec and a mapping of axes"),
    ],
)
def test_what_is_no_axis_is_told_with_what_would_be(tiny, axes, says):
    with pytest.raises(ValueError, match=says):
        grid(tiny, axes)
    with pytest.raises(ValueError, match=r"^grid\(3, .*needs a TrialSpec"):
        grid(3, axes)
    with pytest.raises(ValueError, match="'2' seeds: give a whole number"):
        with_seeds([tiny], "2")
