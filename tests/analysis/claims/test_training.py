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
    assert len(found.parts) == 2
    assert "a model of one seed, not judged: patch 4: d3w64 against d2w48; patch 2" in found.note
    with pytest.raises(ValueError, match="one seed of a model, which has no error; train a second"):
        larger_is_efficient(Records(trials, evaluations.filter(pl.col("seed") == 0)))


def test_pairs_of_sizes_need_no_seed_in_common(unequal):
    """At patch 4 one pair has seeds 0 and 1, the next 1 and 2: a training counts by itself."""
    trials, evaluations = trials_frame(unequal), evaluations_frame(unequal)
    lost = (pl.col("patch") == 4) & (
        ((pl.col("size") == "d2w16") & (pl.col("seed") == 2))
        | ((pl.col("size") == "d2w48") & (pl.col("seed") == 0))
    )
    found = larger_is_efficient(Records(trials, evaluations.filter(~lost)))
    assert [part.of for part in found.parts] == ["patch 2", "patch 4"]


def test_the_error_of_a_curve_is_of_each_models_own_trainings(finished):
    """Of the mean over pairs a middle size adds what it has lost between two checkpoints."""
    trials, evaluations = trials_frame(finished), evaluations_frame(finished)
    found = larger_is_efficient(Records(trials, evaluations))
    assert all(2 <= part.dof <= 8 and part.error > 0 for part in found.parts)
    one = evaluations.with_columns(
        value=pl.when(pl.col("model") == "DiT-d2w32/4")
        .then(pl.col("value").first().over("model", "step", "metric", "reference"))
        .otherwise("value")
    )
    quiet = larger_is_efficient(Records(trials, one)).parts[1]
    assert quiet.of == "patch 4" and quiet.error < found.parts[1].error
