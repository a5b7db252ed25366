"""Is there a row per trial, evaluation and value, whole or half measured?"""

import polars as pl

from analysis import frames
from analysis.frames import evaluations_frame, trials_frame
from scaling.records import trial_rows
from scaling.study.costs.cost import train_flops


def test_one_row_per_trial_with_the_figures_of_the_status(finished):
    frame = trials_frame(finished)
    assert frame.columns == list(frames.TRIALS)
    assert len(frame) == 36
    status = trial_rows(finished)
    for name in (
        "trial_id",
        "state",
        "fid",
        "fid_vs_heldout",
        "heldout_loss",
        "train_flops",
        "wall_s",
    ):
        assert frame[name].to_list() == [row[name] for row in status]


def test_one_row_per_evaluation_and_figure(finished):
    frame = evaluations_frame(finished)
    assert frame.columns == list(frames.EVALUATIONS)
    # 2 metrics against 2 references and 2 held-out losses, at 5 steps of 36 trials.
    assert len(frame) == 36 * 5 * (4 + 2)
    assert set(frame["metric"]) == {"fid", "kid", "heldout_loss", "heldout_mse"}
    assert frame.filter(pl.col("metric") == "kid")["std"].null_count() == 0
    assert frame.filter((pl.col("metric") == "fid") & pl.col("headline"))[
        "reference"
    ].unique().to_list() == ["train"]


def test_compute_is_counted_up_to_the_evaluated_step(finished):
    trial = finished.plan().trials[0]
    found = (
        evaluations_frame(finished)
        .filter(
            (pl.col("trial_id") == trial.trial_id)
            & (pl.col("metric") == "fid")
            & pl.col("headline")
        )
        .sort("step")
    )
    assert found["step"].to_list() == [100, 200, 300, 400, 500]
    assert found["train_flops"].to_list() == [
        train_flops(trial.spec.model, 64 * step) for step in found["step"]
    ]
    assert found["train_flops"][-1] == trial.train_flops


def test_every_trial_of_an_unfinished_sweep_has_its_row(half_run):
    states = dict(trials_frame(half_run).group_by("state").len().rows())
    assert states == {"completed": 5, "diverged": 1, "running": 1, "pending": 5}
    assert set(evaluations_frame(half_run)["state"]) == {"completed", "diverged", "running"}
