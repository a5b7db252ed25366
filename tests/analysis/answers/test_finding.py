"""Is the sentence what the records say, also where they say little?"""

import polars as pl
import pytest

from analysis.answers.finding import finding, finding_of
from analysis.frames import trials_frame
from analysis.select.learning_rates import best_rates, lr_table, searches_lr
from analysis.text import fixed, interval, number


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
