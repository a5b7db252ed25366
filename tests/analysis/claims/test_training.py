"""Is training compute used better by larger models where they learn faster?"""

import math

import polars as pl
import pytest

from analysis.claims import HOLDS, Records
from analysis.claims.grid import gflops_lower_fid
from analysis.claims.training import larger_is_efficient
from analysis.frames import evaluations_frame, trials_frame
from scaling.study.costs.cost import forward_gmacs
from tests.analysis.claims.asking import asked
from tests.analysis.synthetic_study import digits_like, write_study


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
