"""Which trials may enter a law or a correlation?"""

import polars as pl
import pytest

from analysis.answers.study import frontier_runs, loss_runs
from analysis.claims import Records
from analysis.claims.grid import correlated
from analysis.frames import evaluations_frame, trials_frame
from analysis.select.selection import Selection
from analysis.select.trials import fit_points, left_out, stopped_early
from tests.analysis.synthetic_study import (
    SIZES,
    study_of,
)
from tests.analysis.trial_tables import synthetic


def test_two_learning_rates_of_a_model_are_averaged_by_no_law(tmp_path):
    evaluations = evaluations_frame(study_of(tmp_path, {"size": SIZES, "train.lr": [1e-3, 3e-3]}))
    for runs in (frontier_runs, loss_runs):
        with pytest.raises(
            ValueError, match=r"DiT-d2w16/2 was trained in 2 ways \(learning rates 0.001, 0.003\)"
        ):
            runs(evaluations)


def test_a_correlation_counts_the_completed_alone(half_run):
    found = correlated(Records(trials_frame(half_run)))
    assert len(found.records) == 5 and "nan" not in found.note


def test_mixed_protocols_are_refused():
    trials = synthetic([1, 2, 4], [3.0, 2, 1])
    mixed = trials.with_columns(protocol=pl.Series(["a", "a", "b"]))
    with pytest.raises(ValueError, match=r"2 protocols are mixed, as in t0 and t2"):
        fit_points(mixed)


def early(trials: pl.DataFrame, name: str) -> pl.DataFrame:
    """``trials``, one of which ASHA stopped."""
    stopped = pl.col("trial_id") == name
    return trials.with_columns(
        state=pl.when(stopped).then(pl.lit("stopped")).otherwise("state"),
        why=pl.when(stopped).then(pl.lit("asha: rung 500, 5th of 9 by held-out loss")),
    )


def test_what_asha_stopped_enters_no_set_that_is_fitted(tmp_path):
    study = study_of(tmp_path, {"size": SIZES})
    trials, evaluations = trials_frame(study), evaluations_frame(study)
    name = trials["trial_id"][0]
    chosen = Selection(early(trials, name), evaluations)
    assert name in chosen.trials["trial_id"] and name in evaluations["trial_id"]
    assert name not in chosen.evaluations["trial_id"]
    assert name not in chosen.points()["trial_id"]
    told = left_out(chosen.trials).to_dicts()
    assert told == [
        {
            "trial_id": name,
            "state": "stopped",
            "why": "asha: rung 500, 5th of 9 by held-out loss",
        }
    ]


def test_what_the_budget_stopped_may_go_on_and_is_kept(tmp_path):
    study = study_of(tmp_path, {"size": SIZES})
    trials, evaluations = trials_frame(study), evaluations_frame(study)
    by_budget = early(trials, trials["trial_id"][0]).with_columns(
        why=pl.lit("the budget of 3 GPU-hours is reached")
    )
    assert not by_budget.select(stopped_early(by_budget)).to_series().any()
    assert len(Selection(by_budget, evaluations).evaluations) == len(evaluations)
