"""Is the sentence what the records say, also where they say little?"""

import polars as pl
import pytest

from analysis.answers.finding import finding, finding_of, models_text
from analysis.answers.laws import laws
from analysis.figures.compute.gflops import fid_vs_gflops
from analysis.frames import trials_frame
from analysis.select.learning_rates import best_rates, lr_table, searches_lr
from analysis.text import fixed, interval, number
from tests.analysis.answers.answering import answers_of
from tests.analysis.networks import GRID, Mixer
from tests.analysis.synthetic_study import BASE, study_of

WIDTHS = (16, 32, 48, 64)
MIXERS = [Mixer(**GRID, width=width) for width in WIDTHS]


def test_a_finished_study_states_slope_intervals_and_steps(finished):
    found = finding(finished)
    assert found.verdict == "holds"
    assert found.sentence.startswith(
        "Over 12 DiTs and 3 seeds FID falls with Gflops: the slope of log FID on log Gflops is −0."
    )
    for part in (
        "over models",
        "over seeds)",
        "so twice the Gflops lowers FID by 2",
        "of 17 single steps",
    ):
        assert part in found.sentence


def test_a_study_against_its_expectation_says_so(finished):
    trials = trials_frame(finished).with_columns(fid=1 / pl.col("fid"))
    found = finding_of(trials)
    assert found.verdict == "does not hold"
    assert "FID rises with Gflops" in found.sentence
    assert "0 of 17 single steps up the grid hold, 17 do not" in found.sentence


def test_no_trend_is_not_a_finding(finished):
    trials = trials_frame(finished)
    flat = trials.with_columns(fid=100 + 10 * pl.col("trial_id").hash(0).mod(7).cast(pl.Float64))
    assert "no trend of FID with Gflops is resolved" in finding_of(flat).sentence
    assert finding_of(flat).verdict == "not enough evidence"


def test_half_a_sweep_says_what_is_missing(half_run):
    found = finding(half_run)
    assert "Over 5 of 12 DiTs and 1 seed" in found.sentence
    assert "one seed cannot tell from luck" in found.sentence
    assert "Diverged or failed and left out: DiT-d2w32-2" in found.sentence
    assert found.sentence.endswith("The sweep is unfinished: 5 of 12 trials completed.")


def test_nothing_measured_is_said(half_run):
    pending = trials_frame(half_run).filter(pl.col("state") == "pending")
    assert finding_of(pending).sentence == "Nothing is measured yet: 5 pending."


def test_a_study_of_which_nothing_is_left_says_so(half_run):
    lost = trials_frame(half_run).with_columns(state=pl.lit("diverged"))
    assert finding_of(lost).sentence == "No trial was completed: 12 diverged."


def test_a_study_over_guidance_says_where_fid_is_lowest(half_run):
    done = trials_frame(half_run).head(1)
    both = pl.concat(
        [
            done.with_columns(
                fid=pl.lit(fid), guidance=pl.lit(scale), protocol=pl.format("{}", pl.lit(scale))
            )
            for scale, fid in ((1.0, 9.0), (1.5, 4.0), (4.0, 6.0))
        ]
    )
    assert (
        finding_of(both).sentence
        == "FID is lowest for DiT-d2w16/8 at guidance 1.5 (FID 4.00), from 1 seed."
    )
    ends = both.filter(pl.col("guidance") > 1)
    assert "at guidance 1.5, the lowest tried (FID 4.00)" in finding_of(ends).sentence


def test_a_study_whose_models_are_each_sampled_in_one_way_is_not_of_sampling(half_run):
    done = trials_frame(half_run).head(2)
    steps = pl.Series([25, 13])
    apart = done.with_columns(sampling_steps=steps, protocol=steps.cast(pl.String))
    assert "FID is lowest" not in finding_of(apart).sentence


def test_two_models_make_no_law(half_run):
    found = finding_of(trials_frame(half_run).head(2))
    assert found.verdict == "not enough evidence"
    assert found.sentence.startswith(
        "No law of FID on model Gflops can be stated: a slope with an interval needs 3 models"
    )


def test_a_learning_rate_search_names_the_best_and_the_edges(rates):
    trials = trials_frame(rates)
    assert searches_lr(trials)
    best = best_rates(trials)
    assert [(rate.name, rate.lr, rate.edge) for rate in best] == [
        ("DiT-d2w16/2", 2e-3, "highest"),
        ("DiT-d2w32/2", 1e-3, None),
        ("DiT-d2w48/2", 5e-4, None),
        ("DiT-d3w64/2", 5e-4, None),
    ]
    assert "1 of 4 at the edge of the range tried" in finding(rates).sentence


def test_a_diverged_rate_bounds_the_range_and_a_pending_one_does_not(rates):
    trials = trials_frame(rates)
    highest = (pl.col("model") == "DiT-d2w32/2") & (pl.col("lr") == 2e-3)
    for state, edge in (("diverged", None), ("pending", "highest")):
        changed = trials.with_columns(state=pl.when(highest).then(pl.lit(state)).otherwise("state"))
        found = best_rates(changed)[1]
        assert (found.lr, found.missing, found.edge) == (1e-3, (2e-3,), edge)
    assert lr_table(changed).filter(highest)["heldout_loss"].to_list() == [None]


def test_the_rate_of_a_size_is_best_over_all_its_patches(rates):
    """At another patch twice the loss, and by far the best at the lowest rate: so is the mean of
    the logs.
    """
    trials = trials_frame(rates)
    factor = pl.when(pl.col("lr") == 2.5e-4).then(0.1).otherwise(2.0)
    coarse = trials.with_columns(
        patch=pl.lit(8, pl.Int64),
        series=pl.lit("patch 8"),
        model=pl.col("model").str.replace("/2", "/8"),
        heldout_loss=pl.col("heldout_loss") * factor,
    )
    both = pl.concat([trials, coarse])
    assert [(rate.name, rate.lr) for rate in best_rates(both, "rung")] == [
        (size, 2.5e-4) for size in ("d2w16", "d2w32", "d2w48", "d3w64")
    ]
    half = both.with_columns(
        state=pl.when((pl.col("patch") == 8) & (pl.col("lr") == 2.5e-4))
        .then(pl.lit("pending"))
        .otherwise("state")
    )
    assert [rate.missing for rate in best_rates(half, "rung")] == [(2.5e-4,)] * 4
    assert "over the patches of a size: d2w16 0.002" in finding_of(half).sentence
    with pytest.raises(
        ValueError, match="no size has completed all its trials at any learning rate"
    ):
        best_rates(both.with_columns(state=pl.lit("running")), "rung")


def test_a_loss_without_logarithm_is_named(rates):
    trials = trials_frame(rates).with_columns(heldout_loss=pl.lit(-0.1))
    with pytest.raises(
        ValueError, match=r"DiT-d2w16-2-s0-\w+ has held-out loss -0.1, which has no logarithm"
    ):
        lr_table(trials)


def test_losses_alone_are_told_as_losses(rates):
    one_rate = trials_frame(rates).filter(pl.col("lr") == 1e-3)
    assert finding_of(one_rate).sentence.startswith(
        "No FID was asked for; held-out loss is lowest of DiT-d3w64/2"
    )


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "—"),
        (0, "0"),
        (12345, "12,345"),
        (51.234, "51.2"),
        (-0.4216, "−0.422"),
        (0.9999, "1.00"),
        (1.23e-5, "1.23e−5"),
        (999.96, "1,000"),
        (2.5e12, "2.50e12"),
    ],
)
def test_numbers_are_written_for_reading(value, text):
    assert number(value) == text


def test_not_a_number_is_not_written():
    with pytest.raises(ValueError, match="nan is not a figure"):
        number(float("nan"))
    assert (fixed(-0.5), interval((-0.5, 0.25)), interval(None)) == ("−0.50", "[−0.50, 0.25]", "—")


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


def test_a_family_of_one_curve_has_its_finding_slope_steps_and_laws(mixers):
    answers = answers_of(mixers)
    assert finding(mixers).sentence.startswith("Over 4 tests-mixers and 2 seeds FID falls with")
    assert [slope.subset for slope in answers.slopes] == ["all", "tests-mixer"]
    assert [(step.axis, step.lower, step.upper) for step in answers.steps] == [
        ("size", "Mixer-16", "Mixer-32"),
        ("size", "Mixer-32", "Mixer-48"),
        ("size", "Mixer-48", "Mixer-64"),
    ]
    answered = {law.name: law for law in laws(answers)}
    assert answered["gflops"].law and answered["frontier"].law
    assert "needs tokens" not in (answered["gflops"].why_no_audit or "")
    assert answers.selection.most_models[0] == "tests-mixer"


def test_models_are_counted_by_family(tmp_path):
    trials = trials_frame(study_of(tmp_path, {"model": [*MIXERS[:3], BASE.model]}))
    assert models_text(trials, trials) == "3 tests-mixers and 1 DiT"
    fewer = trials.filter(trials["model"] != "Mixer-32")
    assert models_text(fewer, trials) == "2 of 3 tests-mixers and 1 DiT"


def test_two_families_are_two_recipes(tmp_path):
    dits = [BASE.model.model_copy(update={"width": w, "heads": w // 16}) for w in WIDTHS]
    study = study_of(tmp_path, {"model": [*MIXERS, *dits]})
    sentence = finding(study).sentence
    assert sentence.startswith("2 recipes, each with a law of its own. tests-mixer: Over 4 tests-")
    assert "DiT, adaln-zero: " in sentence and "mixed" not in sentence
