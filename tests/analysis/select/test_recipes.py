"""Does a law hold trainings of one recipe only, each model in one setting, at lengths that were
trained to their end?"""

import polars as pl
import pytest

from analysis.answers.compare import compare
from analysis.answers.slopes import slope
from analysis.answers.study import Answers, frontier_runs, loss_runs
from analysis.claims import Records
from analysis.claims.sampling import model_compute_wins, smaller_wins_at_equal_cost
from analysis.figures.compute.sampling import fid_vs_sampling_gflops
from analysis.forecasting.predictions.predict import predict
from analysis.frames import evaluations_frame, trials_frame
from analysis.frames.published import block_designs, dit_table4
from analysis.select.checkpoints import training_checkpoints
from analysis.select.recipes import main_recipe, recipes_of
from analysis.select.trials import fit_points
from tests.analysis.synthetic_study import (
    DESIGNS,
    SIZES,
    digits_like,
    law,
    study_of,
    write_study,
)


def test_a_grid_over_size_patch_and_seed_is_one_recipe_and_a_rate_per_size_too(finished, rates):
    assert len(recipes_of(trials_frame(finished))) == len(recipes_of(trials_frame(rates))) == 1


def test_no_law_is_fitted_to_two_block_designs(tmp_path):
    study = study_of(tmp_path, DESIGNS)
    trials, evaluations = trials_frame(study), evaluations_frame(study)
    assert list(recipes_of(trials).values()) == ["adaln-zero", "adaln"]
    for fit in (
        slope,
        lambda trials: Answers.of(trials).models,
        lambda _: frontier_runs(evaluations),
        lambda _: loss_runs(evaluations),
    ):
        with pytest.raises(
            ValueError,
            match=r"2 recipes are mixed, as in DiT-\S+ and DiT-\S+ \(adaln-zero; adaln\)",
        ):
            fit(trials)
    with pytest.raises(ValueError, match="2 recipes are mixed"):
        compare(study, study)
    with pytest.raises(ValueError, match="2 recipes are mixed"):
        predict(study, ["DiT-d4w80/2@500"], tmp_path / "frozen.json")
    one = trials.filter(pl.col("conditioning") == "adaln")
    assert slope(one).models == len(SIZES)


def test_what_a_model_was_trained_with_is_told(tmp_path):
    trials = trials_frame(study_of(tmp_path, {"size": SIZES, "train.steps": [300, 500]}))
    with pytest.raises(ValueError, match=r"in 2 ways \(lengths 300, 500\)"):
        fit_points(trials)


def test_published_tables_know_their_designs():
    with pytest.raises(
        ValueError, match=r"4 recipes are mixed, as in DiT-XL/2 and DiT-XL/2 \[in-context\]"
    ):
        _ = Answers.of(block_designs()).models
    assert len(recipes_of(dit_table4())) == 1


def test_claims_of_a_grid_are_asked_of_the_recipe_of_most_models(tmp_path):
    trials = trials_frame(study_of(tmp_path, DESIGNS))
    assert main_recipe(trials)["conditioning"].unique().to_list() == ["adaln-zero"]
    fewer = trials.filter((pl.col("conditioning") == "adaln") | (pl.col("model") != "DiT-d2w16/2"))
    assert main_recipe(fewer)["conditioning"].unique().to_list() == ["adaln"]
    assert main_recipe(fewer.drop("recipe"))["conditioning"].unique().to_list() == ["adaln"]


def test_a_reason_says_what_can_be_chosen_by_held_out_loss(tmp_path):
    told = {}
    for name, axis in {
        "lr": {"train.lr": [1e-3, 3e-3]},
        "steps": {"train.steps": [300, 500]},
        "ema": {"evaluate.ema.length": [0.02, 0.05]},
    }.items():
        with pytest.raises(ValueError, match="was trained in 2 ways") as refused:
            fit_points(trials_frame(study_of(tmp_path, {"size": SIZES} | axis, name)))
        told[name] = str(refused.value)
    assert {
        name for name, words in told.items() if words.endswith("keep one, chosen on held-out loss")
    } == {"lr"}


def test_shapes_of_one_rung_are_models_of_their_own_in_a_law(tmp_path):
    shapes = [{key: value for key, value in size.items() if key != "model.heads"} for size in SIZES]
    ways = {"heads": {"model.heads": [1, 2]}, "ratios": {"model.mlp_ratio": [2.0, 4.0]}}
    for name, axis in ways.items():
        base = shapes if name == "heads" else SIZES
        study = study_of(tmp_path, {"size": base} | axis, name)
        points = fit_points(trials_frame(study))
        assert len(points) == points["model"].n_unique() == points["model_id"].n_unique() == 8
        evaluations = evaluations_frame(study)
        assert set(frontier_runs(evaluations).cluster) <= set(points["model"])
        # the synthetic losses of two numbers of heads are equal, which no law accepts
        if name == "ratios":
            assert set(loss_runs(evaluations)[1].cluster) <= set(evaluations["train_id"])


def test_lengths_of_one_training_share_its_checkpoints_in_a_claim(tmp_path):
    lengths = study_of(tmp_path, {"size": SIZES, "train.steps": [300, 500]}, "lengths")
    rows = training_checkpoints(evaluations_frame(lengths))
    assert len(rows) == rows["eval_id"].n_unique() and rows["step"].max() == 500


def test_sampling_claims_pair_sizes_of_one_design(tmp_path):
    axes = {
        "size": SIZES[:3],
        "model.conditioning": ["adaln-zero", "adaln"],
        "evaluate.protocol.sampling_steps": [8, 16, 50],
    }
    trials = trials_frame(
        write_study(
            tmp_path,
            digits_like(axes, seeds=2, name="sampled"),
            fid=lambda trial, step: (
                law(trial, step) * (9 if trial.spec.model.conditioning == "adaln" else 1)
            ),
        )
    )
    some = trials.filter((pl.col("size") != "d2w48") | (pl.col("conditioning") == "adaln-zero"))
    for claim in (model_compute_wins, smaller_wins_at_equal_cost):
        assert all("adaln" not in part.of for part in claim(Records(some)).parts)
        assert not any("[adaln]" in trial for trial in model_compute_wins(Records(some)).records)
    figure = fid_vs_sampling_gflops(trials)
    assert len({line.get_linestyle() for line in figure.axes[0].lines}) == 2


def test_the_main_recipe_is_one_that_was_completed(tmp_path):
    trials = trials_frame(study_of(tmp_path, DESIGNS)).with_columns(
        state=pl.when(pl.col("conditioning") == "adaln-zero")
        .then(pl.lit("pending"))
        .otherwise("state")
    )
    assert main_recipe(trials)["conditioning"].unique().to_list() == ["adaln"]
