"""Does each claim hold, fail and stay open where it should, on known laws and on the papers' own
tables?
"""

import math

import polars as pl
import pytest

from analysis.answers.verdicts import UNKNOWN
from analysis.claims import CLAIMS, FAILS, HOLDS, Records, claims, claims_table, of_papers, of_study
from analysis.claims.published_noise import seed_spread
from analysis.frames import evaluations_frame, trials_frame
from analysis.frames.published import (
    block_designs,
    dit_table4,
    published,
    sampling_compute,
)
from scaling.study.cost import forward_gmacs
from tests.analysis.synthetic_study import SIZES, digits_like, write_study

BY_NAME = {claim.name: claim for claim in CLAIMS}


@pytest.fixture(scope="module")
def papers() -> dict:
    return {verdict.claim.name: verdict for verdict in of_papers()}


def asked(name: str, trials: pl.DataFrame, **more):
    return BY_NAME[name].ask(Records(trials, **more))


def test_the_papers_own_verdicts(papers):
    assert {name: verdict.verdict for name, verdict in papers.items()} == {
        "gflops": HOLDS,
        "patch": HOLDS,
        "correlation": HOLDS,
        "gflops-alone": FAILS,
        "training": UNKNOWN,
        "sampling": HOLDS,
        "sampling-rival": UNKNOWN,
        "adaln-zero": HOLDS,
    }
    for verdict in papers.values():
        assert bool(verdict.records) == (verdict.effect is not None)
        assert verdict.verdict != UNKNOWN or verdict.why


def test_the_correlation_of_figure_8_is_with_log_gflops(papers):
    assert papers["correlation"].effect == pytest.approx(-0.930, abs=5e-4)
    assert papers["correlation"].interval == pytest.approx((-0.98, -0.76), abs=5e-3)
    assert "linear Gflops r is −0.725" in papers["correlation"].why
    printed = published("correlations").filter(pl.col("metric") == "fid")["r"][0]
    assert round(papers["correlation"].effect, 2) == printed == -0.93


def test_gflops_alone_are_rejected_by_models_of_like_gflops(papers):
    found = papers["gflops-alone"]
    assert "F(2, 8) = 70, p = 9e−6" in found.why
    assert "at 5.01 to 7.39 Gflops FIDs are 119, 68.4, 68.4, 106" in found.why
    assert found.interval[1] < 0  # a doubling of tokens buys more than one of parameters
    assert len(found.records) == 12


def test_without_the_published_spread_one_pair_of_trainings_proves_nothing():
    assert asked("adaln-zero", block_designs()).verdict == UNKNOWN
    assert "one seed" in asked("adaln-zero", block_designs()).why
    assert asked("sampling", sampling_compute()).verdict == UNKNOWN
    found = asked("gflops", dit_table4())  # the scatter about each line stands for the noise
    assert found.verdict == HOLDS and "one seed" in found.why
    small = [seed_spread(n).training for n in (10_000, 50_000)]
    assert small[0] > small[1] == pytest.approx(0.02**2)


def test_a_power_law_in_gflops_alone(finished):
    found = {verdict.claim.name: verdict for verdict in of_study(finished)}
    assert found["gflops"].verdict == found["patch"].verdict == HOLDS
    assert len(found["gflops"].records) == 36
    # there, a larger model is far from done when a smaller one is
    assert found["training"].verdict == FAILS
    assert found["adaln-zero"].verdict == UNKNOWN
    for part in found["gflops"].parts:
        low, high = part.interval()
        assert low < -0.4 < high


def test_tokens_that_buy_what_parameters_buy_are_seen_as_such():
    noise = pl.Series([math.exp(0.02 * ((7 * i) % 11 - 5) / 5) for i in range(12)])
    one_law = dit_table4().with_columns(fid=100 * pl.col("forward_gmacs") ** -0.365 * noise)
    found = asked("gflops-alone", one_law)
    assert found.verdict == HOLDS and abs(found.effect) < 0.05


def test_rising_fid_refutes_and_flat_fid_is_open(finished):
    trials = trials_frame(finished)
    rising = trials.with_columns(fid=1e4 / pl.col("fid"))
    assert (
        asked("gflops", rising).verdict
        == asked("patch", rising).verdict
        == asked("correlation", rising).verdict
        == FAILS
    )
    noise = pl.Series([math.exp(0.05 * ((7 * i) % 11 - 5)) for i in range(len(trials))])
    assert asked("gflops", trials.with_columns(fid=10 * noise)).verdict == UNKNOWN


def test_one_step_that_clearly_rises_refutes(finished):
    trials = trials_frame(finished)
    worse = trials.with_columns(
        fid=pl.when(pl.col("model") == "DiT-d2w32/2").then(10 * pl.col("fid")).otherwise("fid")
    )
    assert asked("gflops", worse).verdict == FAILS
    assert "DiT-d2w32/2 against DiT-d2w16/2" in asked("gflops", worse).of


def test_training_compute_where_larger_models_learn_faster(tmp_path):
    plan = digits_like(seeds=3)
    study = write_study(
        tmp_path,
        plan,
        noise=0.01,
        fid=lambda trial, step: (
            1e2
            * math.exp(
                -1.5 * math.log(forward_gmacs(trial.spec.model) * 1e6) - 0.3 * math.log(step)
            )
        ),
    )
    verdict = asked("training", trials_frame(study), evaluations=evaluations_frame(study))
    assert (verdict.verdict, len(verdict.parts)) == (HOLDS, 3)
    assert verdict.effect < 0


@pytest.mark.parametrize(
    "exponent, steps_matter, larger, smaller",
    [(-0.2, 0.2, HOLDS, FAILS), (-1e-4, 3.0, FAILS, HOLDS)],
)
def test_sampling_compute(tmp_path, exponent, steps_matter, larger, smaller):
    """FID = a part of the model and one of the steps: whichever matters more decides who wins at
    equal cost.
    """
    steps = [10, 50, 250]
    plan = digits_like(
        {"size": SIZES[1:3], "evaluate.protocol.sampling_steps": steps}, seeds=3, name="steps"
    )
    study = write_study(
        tmp_path,
        plan,
        noise=0.004,
        fid=lambda trial, step: (
            forward_gmacs(trial.spec.model) ** exponent
            + steps_matter * 10 / trial.spec.evaluate.protocol.sampling_steps
        ),
    )
    trials = trials_frame(study)
    assert asked("sampling", trials).verdict == larger
    assert asked("sampling-rival", trials).verdict == smaller


def test_designs(tmp_path):
    kinds = {"adaln-zero": 10, "adaln": 13, "in-context": 18}
    plan = digits_like({"model.conditioning": list(kinds)}, seeds=3, name="blocks")
    study = write_study(
        tmp_path, plan, noise=0.02, fid=lambda trial, step: kinds[trial.spec.model.conditioning]
    )
    trials = trials_frame(study)
    assert asked("adaln-zero", trials).verdict == HOLDS
    swapped = trials.with_columns(
        fid=pl.when(pl.col("conditioning") == "adaln")
        .then(5.0 + pl.col("seed") / 10)
        .otherwise("fid")
    )
    assert asked("adaln-zero", swapped).verdict == FAILS


def test_bad_records_give_a_reason_that_names_the_trials_and_no_number(finished):
    trials, evaluations = trials_frame(finished), evaluations_frame(finished)
    first = trials["trial_id"][0]
    bad = {
        "2 protocols are mixed": trials.with_columns(
            protocol=pl.when(pl.col("trial_id") == first)
            .then(pl.lit("other"))
            .otherwise("protocol")
        ),
        "which has no logarithm": trials.with_columns(
            fid=pl.when(pl.col("trial_id") == first).then(float("nan")).otherwise("fid")
        ),
        "measured twice": pl.concat([trials, trials.head(1)]),
    }
    for why, frame in bad.items():
        for name in ("gflops", "patch", "correlation", "gflops-alone"):
            found = asked(name, frame)
            assert (found.verdict, found.effect, found.interval, found.records) == (
                UNKNOWN,
                None,
                None,
                (),
            )
            assert why in found.why and first in found.why
    twice = pl.concat([evaluations, evaluations.filter(pl.col("trial_id") == first)])
    assert first in asked("training", trials, evaluations=twice).why
    lost = trials.with_columns(state=pl.lit("diverged"))
    assert all(
        verdict.verdict == UNKNOWN and verdict.effect is None for verdict in claims(Records(lost))
    )
    one = trials.with_columns(
        state=pl.when(pl.col("trial_id") == first).then(pl.lit("diverged")).otherwise("state")
    )
    assert first not in asked("gflops", one).records


def test_the_table_has_a_row_per_claim(papers):
    table = claims_table(list(papers.values()))
    assert table["claim"].to_list() == [claim.statement for claim in CLAIMS]
    assert table.filter(pl.col("effect").is_null())["why"].null_count() == 0
    assert all(
        "holds where" in text and "does not hold where" in text for text in table["threshold"]
    )
