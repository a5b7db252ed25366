"""Is a target parsed as one of the plan's models, or refused with what is known?"""

import pytest

from analysis.forecasting.predictions.predict import predict
from analysis.forecasting.suggestions.suggest import suggest
from analysis.forecasting.targets import target_of


def test_a_prediction_of_another_family_names_the_plans_models(mixers):
    with pytest.raises(ValueError, match="unknown model 'DiT-XL/2'; in the plan are Mixer-"):
        target_of("DiT-XL/2@100", mixers.plan())
    suggestion = suggest(mixers, "Mixer-64@2000", budget=1.0)
    assert {run.trial.model.family for run in suggestion.runs} == {"tests-mixer"}


@pytest.mark.parametrize(
    "length, steps", [("400k", 400_000), ("400K", 400_000), ("2.3M", 2_300_000), (" 7000", 7000)]
)
def test_lengths_are_written_as_people_write_them(mixers, length, steps):
    assert target_of(f"Mixer-64@{length}", mixers.plan()).steps == steps


@pytest.mark.parametrize(
    "target, said",
    [
        ("DiT-d9w64", "unknown model"),
        ("DiT-d3w64/3", "patch 3 does not divide"),
        ("DiT-d3w64/2@0", "no whole number of steps from 1"),
        (
            "DiT-d3w64/2@lots",
            "'lots' in 'DiT-d3w64/2@lots' is no number of steps; write DiT-d3w64/2@",
        ),
        ("DiT-d3w64/2@", "is no number of steps"),
    ],
)
def test_targets_that_do_not_fit_are_refused(held_out, tmp_path, target, said):
    with pytest.raises(ValueError, match=said):
        predict(held_out, [target], tmp_path / "p.json")
