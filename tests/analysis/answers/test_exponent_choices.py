"""Is the exponent told by choice, each over rows that may share a law?"""

import polars as pl
import pytest

from analysis.answers.exponent_choices import spread
from analysis.frames import trials_frame
from tests.analysis.synthetic_study import (
    DESIGNS,
    study_of,
)


def test_no_choice_leaves_out_a_rung_that_was_never_measured(unequal):
    trials = trials_frame(unequal)
    lost = trials.with_columns(
        state=pl.when(pl.col("size") == "d3w64").then(pl.lit("diverged")).otherwise("state")
    )
    for frame, rungs in ((trials, 4), (lost, 3)):
        left_out = spread(frame).filter(pl.col("choice") == "without")["setting"].to_list()
        assert len(left_out) == rungs and ("d3w64" in left_out) == (rungs == 4)


def test_a_choice_of_the_exponent_is_of_one_design(tmp_path):
    with pytest.raises(ValueError, match="2 recipes are mixed"):
        spread(trials_frame(study_of(tmp_path, DESIGNS)))
