"""Does a law hold trainings of one recipe only, each model in one setting, at lengths that were
trained to their end?
"""

import polars as pl
import pytest

from analysis.answers.choices import spread
from analysis.answers.compare import compare
from analysis.answers.slopes import slope
from analysis.answers.study import Answers, frontier_runs, loss_runs
from analysis.claims import Records, of_study
from analysis.claims.grid import correlated
from analysis.claims.sampling import model_compute_wins, smaller_wins_at_equal_cost
from analysis.figures.rates import heldout_vs_lr
from analysis.figures.sampling import fid_vs_sampling_gflops
from analysis.forecasting.predict import predict
from analysis.forecasting.suggest import suggest
from analysis.frames import evaluations_frame, trials_frame
from analysis.frames.published import block_designs, dit_table4
from analysis.select.checkpoints import training_checkpoints
from analysis.select.learning_rates import best_rates, searches_lr
from analysis.select.recipes import main_recipe, recipes_of
from analysis.select.trials import fit_points
from tests.analysis.synthetic_study import (
    BASE,
    DESIGNS,
    OBJECTIVES,
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


def test_losses_of_two_objectives_are_no_one_axis(tmp_path):
    with pytest.raises(ValueError, match=r"2 recipes are mixed.*\(ddpm; epsilon\)"):
        loss_runs(evaluations_frame(study_of(tmp_path, OBJECTIVES)))


def test_two_learning_rates_of_a_model_are_averaged_by_no_law(tmp_path):
    evaluations = evaluations_frame(study_of(tmp_path, {"size": SIZES, "train.lr": [1e-3, 3e-3]}))
    for runs in (frontier_runs, loss_runs):
        with pytest.raises(
            ValueError, match=r"DiT-d2w16/2 was trained in 2 ways \(learning rates 0.001, 0.003\)"
        ):
            runs(evaluations)


def test_what_a_model_was_trained_with_is_told(tmp_path):
    trials = trials_frame(study_of(tmp_path, {"size": SIZES, "train.steps": [300, 500]}))
    with pytest.raises(ValueError, match=r"in 2 ways \(lengths 300, 500\)"):
        fit_points(trials)


def test_a_loss_counts_once_however_many_ways_its_training_is_sampled(tmp_path):
    several = study_of(
        tmp_path, {"size": SIZES, "evaluate.protocol.guidance": [1.0, 1.5]}, "guided"
    )
    assert evaluations_frame(several)["protocol"].n_unique() == 2
    once = study_of(tmp_path, {"size": SIZES}, "once")
    (curve, runs), (_, alone) = (
        loss_runs(evaluations_frame(several)),
        loss_runs(evaluations_frame(once)),
    )
    assert curve == "patch 2" and len(runs) == len(SIZES) * 5
    assert runs["loss"].tolist() == alone["loss"].tolist()


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


def test_a_choice_of_the_exponent_is_of_one_design(tmp_path):
    with pytest.raises(ValueError, match="2 recipes are mixed"):
        spread(trials_frame(study_of(tmp_path, DESIGNS)))


def test_lengths_of_one_training_share_its_checkpoints_in_a_claim(tmp_path):
    lengths = study_of(tmp_path, {"size": SIZES, "train.steps": [300, 500]}, "lengths")
    rows = training_checkpoints(evaluations_frame(lengths))
    assert len(rows) == rows["eval_id"].n_unique() and rows["step"].max() == 500


def test_loss_weightings_are_told_apart_in_words(tmp_path):
    axes = {
        "size": SIZES,
        "diffusion.objective": ["epsilon"],
        "model.learn_sigma": [False],
        "diffusion.weighting": ["uniform", "min-snr"],
    }
    assert list(recipes_of(trials_frame(study_of(tmp_path, axes))).values()) == [
        "uniform",
        "min-snr",
    ]


def test_a_rate_is_best_of_one_batch_and_one_objective(tmp_path):
    trials = trials_frame(
        study_of(
            tmp_path, {"size": SIZES[:1], "train.lr": [1e-3, 2e-3, 4e-3], "train.batch": [32, 64]}
        )
    )
    small = pl.col("batch") == 32
    trials = trials.with_columns(
        heldout_loss=pl.when(small & (pl.col("lr") == 4e-3)).then(0.01).otherwise("heldout_loss")
    )
    assert searches_lr(trials)
    assert [(rate.name, rate.lr) for rate in best_rates(trials)] == [
        ("DiT-d2w16/2, batch 32", 4e-3),
        ("DiT-d2w16/2, batch 64", 2e-3),
    ]
    assert len(heldout_vs_lr(trials).axes[0].lines) == 2 * 2  # a line and a ring each


def test_a_rate_that_goes_with_the_batch_is_no_search(tmp_path):
    ways = [{"train.batch": 32, "train.lr": 1e-3}, {"train.batch": 64, "train.lr": 1.4e-3}]
    assert not searches_lr(trials_frame(study_of(tmp_path, {"size": SIZES, "way": ways})))


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


def test_a_correlation_counts_the_completed_alone(half_run):
    found = correlated(Records(trials_frame(half_run)))
    assert len(found.records) == 5 and "nan" not in found.note


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
