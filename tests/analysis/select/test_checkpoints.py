"""Which checkpoints are trainings of their own length, and of which average?"""

import polars as pl
import pytest

from analysis.answers.study import loss_runs
from analysis.claims import of_study
from analysis.forecasting.suggestions.suggest import suggest
from analysis.frames import evaluations_frame
from tests.analysis.synthetic_study import (
    BASE,
    DESIGNS,
    SIZES,
    study_of,
)


def test_of_a_falling_learning_rate_only_the_end_is_a_training_of_its_length(tmp_path):
    axes = {"size": SIZES, "train.steps": [300, 500], "train.schedule": ["cosine"]}
    evaluations = evaluations_frame(study_of(tmp_path, axes))
    assert evaluations["step"].n_unique() > 2
    assert sorted(set(loss_runs(evaluations)[1]["d"])) == [
        300 * BASE.train.batch,
        500 * BASE.train.batch,
    ]
    # at the end of the longer ones
    unmeasured = evaluations.filter(~pl.col("at_end") | (pl.col("step") < 500))
    assert set(loss_runs(unmeasured)[1]["d"]) == {300 * BASE.train.batch}


def test_of_several_averages_none_is_chosen_silently_by_a_suggestion(tmp_path):
    emas = study_of(tmp_path, {"size": SIZES, "evaluate.ema.length": [0.02, 0.05]})
    with pytest.raises(
        ValueError, match=r"2 recipes are mixed.*\(ema-power-0.02; ema-power-0.05\)"
    ):
        suggest(emas, "DiT-d4w80/2@500", 1.0)


def test_a_claim_says_which_of_several_averages_it_was_asked_of(tmp_path):
    study = study_of(tmp_path, {"size": SIZES, "evaluate.ema.length": [0.02, 0.05]})
    told = {verdict.claim.name: verdict.why for verdict in of_study(study)}
    assert told["correlation"].endswith("; asked of the recipe ema-power-0.02 alone")
    designs = {
        verdict.claim.name: verdict.why
        for verdict in of_study(study_of(tmp_path, DESIGNS, "designs"))
    }
    assert "alone" not in designs["adaln-zero"] and "adaln-zero alone" in designs["correlation"]
