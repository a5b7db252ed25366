"""Is it said where models have unequal seeds, where trials are missing, and in what else trainings
differ?
"""

import polars as pl
import pytest

from analysis.answers.exponent_choices import spread
from analysis.answers.finding import finding_of
from analysis.answers.settings import ways
from analysis.claims import Records
from analysis.claims.grid import gflops_lower_fid
from analysis.claims.training import larger_is_efficient
from analysis.figures.compute.gflops import fid_vs_gflops
from analysis.fits.fid_laws import fit_law, model_means
from analysis.frames import evaluations_frame, trials_frame
from analysis.report import build
from analysis.select.trials import fit_points
from scaling.records import StudyFolder
from tests.analysis.synthetic_study import SIZES, digits_like, measure

AXES = {"size": SIZES, "model.patch": [4, 2]}


@pytest.fixture(scope="module")
def unequal(tmp_path_factory):
    """Three seeds of each model, one of the largest size."""
    plan = digits_like(AXES, seeds=3, name="unequal")
    study = StudyFolder(tmp_path_factory.mktemp("unequal") / plan.name)
    study.write_plan(plan)
    for trial in plan.trials:
        if trial.spec.model.width < 64 or trial.spec.train.seed == 0:
            measure(study, trial, 0.02)
    return study


def test_the_numbers_of_seeds_are_said_as_they_are(unequal):
    trials = trials_frame(unequal)
    assert "Over 8 DiTs and 1 to 3 seeds" in finding_of(trials).sentence
    assert "geometric mean of 1 to 3 seeds" in fid_vs_gflops(trials).get_supxlabel().replace(
        "\n", " "
    )


def test_steps_that_cannot_be_judged_are_counted(unequal):
    assert "(not judged: 3 with a model of one seed)" in finding_of(trials_frame(unequal)).sentence
    pending = trials_frame(unequal).with_columns(
        state=pl.when(pl.col("model") == "DiT-d3w64/2").then(pl.lit("pending")).otherwise("state")
    )
    assert (
        "(not judged: 1 with a model of one seed, 2 not measured yet)"
        in finding_of(pending).sentence
    )
    lost = pending.with_columns(state=pl.col("state").replace("pending", "diverged"))
    assert (
        "(not judged: 1 with a model of one seed, 2 diverged or failed)"
        in finding_of(lost).sentence
    )


def test_no_choice_leaves_out_a_rung_that_was_never_measured(unequal):
    trials = trials_frame(unequal)
    lost = trials.with_columns(
        state=pl.when(pl.col("size") == "d3w64").then(pl.lit("diverged")).otherwise("state")
    )
    for frame, rungs in ((trials, 4), (lost, 3)):
        left_out = spread(frame).filter(pl.col("choice") == "without")["setting"].to_list()
        assert len(left_out) == rungs and ("d3w64" in left_out) == (rungs == 4)


def test_a_claim_is_judged_on_what_has_seeds_and_names_the_rest(unequal):
    trials, evaluations = trials_frame(unequal), evaluations_frame(unequal)
    grid = gflops_lower_fid(Records(trials))
    assert grid.note == (
        "4 of 4 single steps lower FID clearly; of one seed, without an error of their own: "
        "DiT-d3w64/2, "
        "DiT-d3w64/4"
    )
    found = larger_is_efficient(Records(trials, evaluations))
    assert (
        len(found.parts) == 2
        and "fewer than two seeds in common, not judged: patch 4: d3w64 against d2w48" in found.note
    )
    with pytest.raises(ValueError, match="one seed measured it all"):
        larger_is_efficient(Records(trials, evaluations.filter(pl.col("seed") == 0)))


def test_a_patch_whose_pairs_share_no_two_seeds_leaves_the_others_judged(unequal):
    """At patch 4 one pair has seeds 0 and 1, the next 1 and 2: each has an error, their mean over
    seeds has none.
    """
    trials, evaluations = trials_frame(unequal), evaluations_frame(unequal)
    lost = (pl.col("patch") == 4) & (
        ((pl.col("size") == "d2w16") & (pl.col("seed") == 2))
        | ((pl.col("size") == "d2w48") & (pl.col("seed") == 0))
    )
    found = larger_is_efficient(Records(trials, evaluations.filter(~lost)))
    assert [part.of for part in found.parts] == ["patch 2"] and "patch 4, all pairs" in found.note
    with pytest.raises(ValueError, match="patch 4, all pairs: one seed measured it all"):
        larger_is_efficient(
            Records(
                trials, evaluations.filter(~lost, pl.col("patch") == 4, pl.col("size") != "d3w64")
            )
        )


def test_one_more_training_scatters_by_what_means_over_unequal_seeds_hid(unequal):
    models, noise = model_means(fit_points(trials_frame(unequal)))
    assert fit_law("G", models, noise).fit.repeats == pytest.approx(8 / (6 / 3 + 2))


def test_many_lost_trials_are_one_line_that_opens(tmp_path):
    plan = digits_like(AXES, seeds=1, name="lost")
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    for i, trial in enumerate(plan.trials):
        run = measure(study, trial, 0.02, until=500 if i < 3 else 200)
        if i >= 3:
            run.write_state("diverged", f"loss nan at step {230 + i}", step=230 + i)
    page = build(study, kinds=("svg",)).page
    assert "<summary>5 trials diverged</summary>" in page and "loss nan at step 237" in page
    lost = [trial.trial_id for trial in plan.trials[3:]]
    assert f"left out: {', '.join(lost[:4])} and 1 more." in page


def test_what_trainings_differ_in_is_told(tmp_path):
    axes = {
        "size": SIZES[:1],
        "diffusion.objective": ["epsilon"],
        "model.learn_sigma": [False],
        "diffusion.weighting": ["uniform", "min-snr"],
        "train.weight_decay": [0.0, 0.1],
    }
    found = ways(digits_like(axes, seeds=1))
    assert found["differ"] == ["Diffusion", "Training"]
    assert {words[0] for words in found["each"]} == {
        "epsilon, 1000 timesteps",
        "epsilon, 1000 timesteps, min-snr weights, gamma 5",
    }
    assert sum(words[1].endswith("weight decay 0.1") for words in found["each"]) == 2


def test_shapes_of_one_model_are_told_and_else_its_name_tells_them():
    axes = {"size": SIZES, "model.mlp_ratio": [2.0, 4.0]}
    found = ways(digits_like(axes, seeds=1))
    assert found["differ"] == ["Model"] and sorted(words for (words,) in found["each"]) == [
        "heads 16 channels wide, MLP ratio 2",
        "heads 16 channels wide, MLP ratio 4",
    ]
    assert "Model" not in ways(digits_like(AXES, seeds=1))["shared"]
