"""Which trainings are candidates, and which are in doubt?"""

import polars as pl
import pytest

from analysis.forecasting.suggestions.candidates import LENGTHS, candidates_of, trainings_of
from analysis.forecasting.targets import target_of
from tests.analysis.synthetic_study import digits_like

PLAN = digits_like(seeds=2)
ROWS = pl.DataFrame({"train_id": [t.train_id for t in PLAN.trials], "step": [500] * 24})


def test_the_training_of_a_model_is_its_lowest_seeds_and_of_what_is_measured():
    trainings = trainings_of(PLAN, ROWS)
    assert len(trainings) == 12 and {spec.train.seed for spec in trainings.values()} == {0}
    one = [t for t in PLAN.trials if t.model == "DiT-d3w64/2" and t.spec.train.seed == 1]
    measured = ROWS.filter(pl.col("train_id") == one[0].train_id)
    assert trainings_of(PLAN, measured) == {"DiT-d3w64/2": one[0].spec}


@pytest.mark.parametrize(
    ("axis", "says"),
    [
        ({"train.lr": [1e-3, 2e-3]}, "DiT-d2w16/2 was trained at learning rates 0.001 and 0.002; "),
        ({"train.schedule": ["cosine"]}, "has the schedule 'cosine', whose checkpoints are not th"),
    ],
)
def test_trainings_of_several_settings_or_of_a_falling_rate_are_in_doubt(axis, says):
    plan = digits_like(axis, seeds=1)
    rows = pl.DataFrame({"train_id": [t.train_id for t in plan.trials]})
    with pytest.raises(ValueError, match=says):
        trainings_of(plan, rows)


def test_lengths_are_shares_of_the_longest_and_the_target_is_no_candidate():
    target = target_of("DiT-d3w64/2@500", PLAN)
    found = candidates_of(PLAN, target, ROWS, [])
    assert LENGTHS == (0.125, 0.25, 0.5, 1, 2)
    assert found["DiT-d2w16/8"] == [62, 125, 250, 500, 1000]
    assert found["DiT-d3w64/2"] == [62, 125, 250, 1000]
    assert {t.model for t in PLAN.trials} <= found.keys()
    named = ["DiT-d2w16/8@3k", "DiT-d2w16/8@90", "DiT-d2w16/8@90"]
    assert candidates_of(PLAN, target, ROWS, named) == {"DiT-d2w16/8": [90, 3000]}


def test_a_target_that_is_the_only_candidate_is_refused_with_the_option():
    target = target_of("DiT-d3w64/2@500", PLAN)
    with pytest.raises(ValueError, match=r"the target DiT-d3w64/2@500 itself; .* --candidates"):
        candidates_of(PLAN, target, ROWS, ["DiT-d3w64/2@500"])
