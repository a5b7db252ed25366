"""Is there a row per trial, evaluation and value, whole or half measured?"""

import polars as pl
import pytest

from analysis import frames
from analysis.frames import evaluations_frame, trials_frame
from scaling.records import trial_rows
from scaling.records.status import OPTIONAL_FIELDS, optional_fields
from scaling.study.costs.cost import train_flops
from tests.analysis.frames.samples import FRAMES, mixer
from tests.analysis.synthetic_study import BASE, study_of


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


@pytest.mark.parametrize("frame", FRAMES)
def test_every_row_says_its_family_rung_series_and_identity(finished, frame):
    rows = frame(finished)
    of_trial = {trial.trial_id: trial.spec.model for trial in finished.plan().trials}
    told = rows.select("trial_id", "family", "rung", "series", "model_id").unique().rows()
    assert len(told) == 36
    for trial, *which in told:
        model = of_trial[trial]
        assert which == ["dit", model.rung, model.series, model.model_id]
    assert rows["series"].unique().sort().to_list() == ["patch 2", "patch 4", "patch 8"]


def test_the_status_tells_family_rung_and_series(finished):
    row = trial_rows(finished)[-1]
    assert (row["family"], row["rung"], row["series"]) == ("dit", "d3w64", "patch 2")
    assert (row["size"], row["patch"], row["tokens"]) == ("d3w64", 2, 16)


def test_fields_that_a_family_lacks_are_null(tmp_path):
    assert optional_fields(mixer()) == dict.fromkeys(OPTIONAL_FIELDS)
    assert optional_fields(BASE.model) == {
        "size": "d2w16",
        "patch": 2,
        "tokens": 16,
        "conditioning": "adaln-zero",
        "heads": 1,
    }
    study = study_of(tmp_path, {"model": [mixer(), BASE.model]})
    for frame in FRAMES:
        of_mixer = frame(study).filter(pl.col("family") == "tests-mixer")
        assert of_mixer.select("rung", "model", "model_id").unique().rows() == [
            ("w32", "Mixer-32", mixer().model_id)
        ]
        for column in ("series", *OPTIONAL_FIELDS):
            assert of_mixer[column].null_count() == len(of_mixer) > 0
    (row, _) = trial_rows(study)
    assert (row["family"], row["rung"], row["series"]) == ("tests-mixer", "w32", None)
    assert row["size"] is row["patch"] is row["tokens"] is None
