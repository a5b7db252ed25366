"""Do the claims of size, patch and Gflops hold and fail where they should?"""

import math

import numpy as np
import polars as pl
import pytest

from analysis.answers.verdicts import UNKNOWN
from analysis.claims import FAILS, HOLDS
from analysis.frames import trials_frame
from analysis.frames.published import (
    dit_table4,
    published,
)
from tests.analysis.claims.asking import asked


def test_the_correlation_of_figure_8_is_with_log_gflops(papers):
    assert papers["correlation"].effect == pytest.approx(-0.930, abs=5e-4)
    assert papers["correlation"].interval == pytest.approx((-0.98, -0.76), abs=5e-3)
    assert "linear Gflops r is −0.725" in papers["correlation"].why
    printed = published("correlations").filter(pl.col("metric") == "fid")["r"][0]
    assert round(papers["correlation"].effect, 2) == printed == -0.93


def test_gflops_alone_are_rejected_by_models_of_like_gflops(papers):
    found = papers["gflops-alone"]
    assert "F(3, 7) = 48, p = 5e−5" in found.why
    assert "at 5.01 to 7.39 Gflops FIDs are 119, 68.4, 68.4, 106" in found.why
    assert found.interval[1] < 0  # a doubling of tokens buys more than one of parameters
    assert len(found.records) == 12


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


def test_gflops_alone_that_hold_exactly_leave_no_offset_in_small_models(finished):
    """Gflops of digits-sized models are no product of parameters and tokens: in N × T the two
    exponents differ by .09 where Gflops alone decide.
    """
    trials = trials_frame(finished)
    rng = np.random.default_rng(0)
    exact = trials.with_columns(
        fid=100 * pl.col("forward_gmacs") ** -0.4 * np.exp(0.002 * rng.standard_normal(len(trials)))
    )
    found = asked("gflops-alone", exact)
    assert found.verdict == HOLDS and abs(found.effect) < 0.01
    tokens_too = exact.with_columns(fid=pl.col("fid") * pl.col("tokens") ** -0.3)
    found = asked("gflops-alone", tokens_too)
    assert found.verdict == FAILS and found.effect == pytest.approx(-0.3, abs=0.02)


def test_gflops_alone_are_rejected_at_their_rate_where_they_are_true(finished):
    trials, rng, rejected = trials_frame(finished), np.random.default_rng(1), 0
    for _ in range(40):
        luck = np.exp(0.05 * rng.standard_normal(len(trials)))
        rejected += (
            asked(
                "gflops-alone",
                trials.with_columns(fid=100 * pl.col("forward_gmacs") ** -0.4 * luck),
            ).verdict
            == FAILS
        )
    assert rejected <= 2  # of 40 at 1 %
