"""Are the errors of other samples and of other seeds told apart, and what is not known called
so?
"""

import numpy as np
import polars as pl
import pytest

from analysis.answers.errors.fid_errors import two_errors
from analysis.frames import trials_frame
from tests.analysis.synthetic_study import SAMPLING


def test_both_errors_of_a_study_with_seeds(finished):
    found = two_errors(trials_frame(finished))
    assert found.sampling == pytest.approx(SAMPLING) and found.dof == 24
    assert found.both == pytest.approx(0.06, rel=0.35)  # the studies' noise
    assert found.both**2 == pytest.approx(found.sampling**2 + found.training**2)
    assert "other samples of the same network would move it by 2.0 %" in str(
        found
    ) and "24 degrees of freedom" in str(found)
    assert found.decides == pytest.approx(2.77 * found.both, rel=0.15)


def test_sampling_that_explains_every_scatter_leaves_training_none(noise_free):
    found = two_errors(trials_frame(noise_free))
    assert found.training == 0 and found.both == pytest.approx(0, abs=1e-9)


def test_what_was_not_measured_is_not_told(finished):
    trials = trials_frame(finished)
    one_seed = two_errors(trials.filter(pl.col("seed") == 0))
    assert (
        one_seed.both is None
        and one_seed.decides is None
        and "repeats with other seeds would tell" in str(one_seed)
    )
    older = two_errors(trials.with_columns(fid_se=pl.lit(None, pl.Float64)))
    assert older.sampling is None and older.training is None and older.both is not None
    assert "was not recorded" in str(older) and "with new samples" in str(older)
    partly = trials.with_columns(fid_se=pl.when(pl.col("seed") == 0).then("fid_se"))
    assert two_errors(partly).sampling == pytest.approx(SAMPLING)
    empty = two_errors(trials.clear())
    assert empty.sampling is None and empty.both is None


def test_a_training_that_is_sampled_in_several_ways_is_no_further_repeat(finished):
    trials = trials_frame(finished)
    guided = trials.with_columns(
        cell=pl.format("{} guided", "cell"), trial_id=pl.format("{} guided", "trial_id")
    )
    assert two_errors(pl.concat([trials, guided])) == two_errors(trials)


@pytest.mark.parametrize("models, seeds", [(1, 2), (2, 2), (12, 3)])
def test_of_pairs_that_differ_by_luck_alone_a_twentieth_lie_further_apart_than_decides(
    models, seeds
):
    """At 1, 2 and 24 degrees of freedom. By the normal quantile: 30, 19 and 6 %."""
    rng, luck, beyond = np.random.default_rng(0), 0.05, []
    for _ in range(400):
        logs = luck * rng.standard_normal((models, seeds))
        trials = pl.DataFrame(
            {
                "train_id": [f"t{i}" for i in range(models * seeds)],
                "cell": [f"c{i}" for i in range(models) for _ in range(seeds)],
                "state": "completed",
                "fid": 10 * np.exp(logs.ravel()),
                "fid_se": None,
            },
            schema_overrides={"fid_se": pl.Float64},
        )
        found = two_errors(trials)
        assert found.dof == models * (seeds - 1)
        gaps = luck * np.sqrt(2) * np.abs(rng.standard_normal(50))
        beyond.append(np.mean(np.expm1(gaps) > found.decides))
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.025)
