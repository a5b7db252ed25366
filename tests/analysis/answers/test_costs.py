"""Does the table of costs hold what was logged, once per training, and null where nothing was?"""

import polars as pl
import pytest

from analysis.answers.costs import costs_table, seconds_spent
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from tests.analysis.synthetic_study import SIZES, digits_like, write_study


def costs(study) -> pl.DataFrame:
    return costs_table(trials_frame(study), curves_frame(study), evaluations_frame(study))


def test_a_model_costs_the_mean_of_its_trainings(finished):
    """The records say: 500 steps in 10 s, 4,000 images a second, five evaluations of 1.5 s, no
    peak.
    """
    table = costs(finished)
    trials = trials_frame(finished)
    assert table["model"].to_list() == trials["model"].unique(maintain_order=True).to_list()
    flops = dict(trials.select("model", "train_flops").rows())
    for row in table.to_dicts():
        told = [
            row[column] for column in ("steps", "trainings", "train_s", "measure_s", "images_per_s")
        ]
        assert told == [500, 3, 10, 7.5, 4e3]
        assert row["mfu"] is None and row["flops_per_s"] == pytest.approx(flops[row["model"]] / 10)


def test_utilisation_is_of_the_median_line_and_trials_of_one_training_count_once(finished):
    trials, evaluations = trials_frame(finished), evaluations_frame(finished)
    curves = curves_frame(finished).with_columns(
        mfu=pl.when(pl.col("step") == 50).then(0.01).otherwise(0.4)
    )
    twice = pl.concat(
        [trials, trials.with_columns(pl.format("{} guided", "trial_id").alias("trial_id"))]
    )
    table = costs_table(twice, curves, evaluations)
    assert table["trainings"].to_list() == [3] * 12
    assert table["mfu"].to_list() == pytest.approx([0.4] * 12)


def test_only_completed_trainings_count_and_without_lines_nothing_is_known(half_run):
    assert costs(half_run)["trainings"].sum() == 5
    bare = costs_table(
        trials_frame(half_run), curves_frame(half_run).clear(), evaluations_frame(half_run).clear()
    )
    unknown = bare.select("train_s", "measure_s", "images_per_s", "mfu", "flops_per_s")
    assert unknown.null_count().row(0) == (5,) * 5


def test_a_length_costs_its_own_measurements_and_a_batch_its_own_flops(tmp_path):
    """Also where both lengths are of one training; batches are rows of their own."""
    axes = {
        "size": SIZES[:1],
        "train.batch": [32, 64],
        "train.steps": [300, 500],
        "evaluate.every": [100],
        "evaluate.checkpoints": [1],
        "train.schedule": ["cosine"],
    }
    table = costs(write_study(tmp_path, digits_like(axes, seeds=2)))
    assert table.select("batch", "steps", "trainings", "measure_s").rows() == [
        (32, 300, 2, 4.5),
        (32, 500, 2, 7.5),
        (64, 300, 2, 4.5),
        (64, 500, 2, 7.5),
    ]
    of_batch = dict(table.filter(pl.col("steps") == 500).select("batch", "train_flops").rows())
    assert of_batch[64] == 2 * of_batch[32]
    trials, evaluations = (
        frame(tmp_path / "digits") for frame in (trials_frame, evaluations_frame)
    )
    shared = [
        frame.with_columns(train_id=pl.format("{}-{}", "batch", "seed"))
        for frame in (trials, evaluations)
    ]
    assert (
        costs_table(shared[0], curves_frame(tmp_path / "digits"), shared[1])["measure_s"].to_list()
        == [4.5, 7.5] * 2
    )


def test_the_seconds_of_a_trunk_count_once():
    """At 10 steps a second: a trunk to step 400, where one cooldown of 100 steps begins, as one of
    60 did at step 240.
    """
    plan = digits_like(
        {"size": SIZES[:1], "train.schedule": ["wsd"], "train.steps": [300, 500]}, seeds=1
    )
    of = {trial.train_id: trial.spec.train for trial in plan.trials}
    curves = pl.DataFrame(
        [
            {
                "train_id": name,
                "step": step,
                "images": 64 * step,
                "images_per_s": 640.0,
                "train_wall_s": step / 10,
            }
            for name, train in of.items()
            for step in range(50, train.steps + 1, 50)
            if step > train.branch_step
        ]
    )
    nothing = pl.DataFrame(
        schema={"train_id": pl.String, "eval_id": pl.String, "wall_s": pl.Float64}
    )
    assert seconds_spent(plan, curves, nothing) == pytest.approx(40 + 10 + 6)
    constant = digits_like({"size": SIZES[:1], "train.steps": [300, 500]}, seeds=1)
    lines = curves.with_columns(train_id=pl.lit(constant.trials[0].train_id))
    assert seconds_spent(constant, lines, nothing) == 50


def test_objectives_cost_apart(tmp_path):
    axes = {
        "size": SIZES[:1],
        "recipe": [
            {"diffusion.objective": "ddpm"},
            {"diffusion.objective": "epsilon", "model.learn_sigma": False},
        ],
    }
    table = costs(write_study(tmp_path, digits_like(axes, seeds=1)))
    assert (
        table["objective"].to_list() == ["ddpm", "epsilon"]
        and table["train_flops"][0] > table["train_flops"][1]
    )
