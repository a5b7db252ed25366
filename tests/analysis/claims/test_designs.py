"""Is the better block design found?"""

import polars as pl

from analysis.claims import FAILS, HOLDS
from analysis.frames import trials_frame
from tests.analysis.claims.asking import asked
from tests.analysis.synthetic_study import digits_like, write_study


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
