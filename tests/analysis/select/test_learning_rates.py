"""Which runs are a search of learning rates, and of which recipe?"""

import polars as pl

from analysis.figures.rates import heldout_vs_lr
from analysis.frames import trials_frame
from analysis.select.learning_rates import best_rates, searches_lr
from tests.analysis.synthetic_study import (
    SIZES,
    study_of,
)


def test_a_rate_is_best_of_one_batch_and_one_objective(tmp_path):
    trials = trials_frame(
        study_of(
            tmp_path, {"size": SIZES[:1], "train.lr": [1e-3, 2e-3, 4e-3], "train.batch": [32, 64]}
        )
    )
    small = pl.col("batch") == 32
    trials = trials.with_columns(
        heldout_loss=pl.when(small & (pl.col("lr") == 4e-3)).then(0.01).otherwise("heldout_loss")
    )
    assert searches_lr(trials)
    assert [(rate.name, rate.lr) for rate in best_rates(trials)] == [
        ("DiT-d2w16/2, batch 32", 4e-3),
        ("DiT-d2w16/2, batch 64", 2e-3),
    ]
    assert len(heldout_vs_lr(trials).axes[0].lines) == 2 * 2  # a line and a ring each


def test_a_rate_that_goes_with_the_batch_is_no_search(tmp_path):
    ways = [{"train.batch": 32, "train.lr": 1e-3}, {"train.batch": 64, "train.lr": 1.4e-3}]
    assert not searches_lr(trials_frame(study_of(tmp_path, {"size": SIZES, "way": ways})))


def test_rates_that_asha_stopped_bound_the_range_that_was_searched(tmp_path):
    trials = trials_frame(study_of(tmp_path, {"size": SIZES[:1], "train.lr": [1e-3, 2e-3, 4e-3]}))
    outer = pl.col("lr") != 2e-3
    stopped = trials.with_columns(
        state=pl.when(outer).then(pl.lit("stopped")).otherwise("state"),
        why=pl.when(outer).then(pl.lit("asha: rung 500, 3rd of 3 by held-out loss")),
    )
    (best,) = best_rates(stopped)
    assert (best.lr, best.tried, best.missing, best.edge) == (2e-3, (2e-3,), (1e-3, 4e-3), None)
    (lowest,) = best_rates(stopped.filter(pl.col("lr") > 1e-3))
    assert lowest.edge == "lowest"
