"""Is each single step up the grid judged by its change and its error?"""

import math

import numpy as np
import polars as pl
import pytest

from analysis.answers.grid_steps import grid_steps, tally, verdict
from analysis.answers.verdicts import FAILS, HOLDS, LOST, ONE_SEED, OPEN, PENDING
from analysis.frames import trials_frame


@pytest.mark.parametrize(
    "change, error, told",
    [
        (-0.5, 0.2, HOLDS),
        (-0.4, 0.2, OPEN),
        (-0.3, 0.2, OPEN),
        (0.3, 0.2, OPEN),
        (0.5, 0.2, FAILS),
        (0.0, 0.0, OPEN),
        (-0.5, None, ONE_SEED),
        (None, None, PENDING),
    ],
)
def test_the_verdict_of_a_step(change, error, told):
    assert verdict(change, error) == told


def test_the_steps_of_a_grid(finished):
    trials = trials_frame(finished)
    steps = grid_steps(trials)
    assert [step.axis for step in steps] == ["size"] * 9 + ["patch"] * 8
    first = steps[0]
    assert (first.lower, first.upper) == ("DiT-d2w16/8", "DiT-d2w32/8")
    logs = [
        np.log(trials.filter(pl.col("model") == model)["fid"].to_numpy())
        for model in (first.lower, first.upper)
    ]
    assert first.change == pytest.approx(logs[1].mean() - logs[0].mean())
    assert first.error == pytest.approx(math.sqrt(sum(log.var(ddof=1) / 3 for log in logs)))
    assert first.percent == pytest.approx(100 * (first.fid_upper / first.fid_lower - 1))
    assert tally(steps) == {HOLDS: 17}


def test_several_designs_at_one_size_are_no_grid(finished):
    trials = trials_frame(finished)
    blocks = trials.with_columns(model=pl.col("model") + " [in-context]", cell=pl.col("cell") + "b")
    assert grid_steps(pl.concat([trials, blocks])) == []


def test_steps_to_models_without_a_figure_are_not_measured_yet(half_run):
    # one model diverged
    assert tally(grid_steps(trials_frame(half_run))) == {ONE_SEED: 5, LOST: 3, PENDING: 9}
