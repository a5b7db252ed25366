"""Does the table of costs hold what was logged, once per training, and null where nothing was?"""

import polars as pl
import pytest

from analysis.costs import costs_table
from analysis.frames import curves_frame, evaluations_frame, trials_frame


def costs(study) -> pl.DataFrame:
    return costs_table(trials_frame(study), curves_frame(study), evaluations_frame(study))


def test_a_model_costs_the_mean_of_its_trainings(finished):
    """The records say: 500 steps in 10 s, 4,000 images a second, five evaluations of 1.5 s, no peak."""
    table = costs(finished)
    trials = trials_frame(finished)
    assert table["model"].to_list() == trials["model"].unique(maintain_order=True).to_list()
    flops = dict(trials.select("model", "train_flops").rows())
    for row in table.to_dicts():
        told = [row[column] for column in ("steps", "trainings", "train_s", "measure_s", "images_per_s")]
        assert told == [500, 3, 10, 7.5, 4e3]
        assert row["mfu"] is None and row["flops_per_s"] == pytest.approx(flops[row["model"]] / 10)


def test_utilisation_is_of_the_median_line_and_trials_of_one_training_count_once(finished):
    trials, evaluations = trials_frame(finished), evaluations_frame(finished)
    curves = curves_frame(finished).with_columns(mfu=pl.when(pl.col("step") == 50).then(0.01).otherwise(0.4))
    twice = pl.concat([trials, trials.with_columns(pl.format("{} guided", "trial_id").alias("trial_id"))])
    table = costs_table(twice, curves, evaluations)
    assert table["trainings"].to_list() == [3] * 12
    assert table["mfu"].to_list() == pytest.approx([0.4] * 12)


def test_only_completed_trainings_count_and_without_lines_nothing_is_known(half_run):
    assert costs(half_run)["trainings"].sum() == 5
    bare = costs_table(trials_frame(half_run), curves_frame(half_run).clear(), evaluations_frame(half_run).clear())
    unknown = bare.select("train_s", "measure_s", "images_per_s", "mfu", "flops_per_s")
    assert unknown.null_count().row(0) == (5,) * 5
