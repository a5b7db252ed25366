"""Do the frames say what the records say, whole or half measured?"""

import polars as pl
import pytest

from analysis import frames
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.provenance import provenance_of
from scaling.records import StudyFolder, trial_rows
from scaling.study.cost import train_flops
from tests.analysis.synthetic_study import PROVENANCE, digits_like, measure


def test_one_row_per_trial_with_the_figures_of_the_status(finished):
    frame = trials_frame(finished)
    assert frame.columns == list(frames.TRIALS)
    assert len(frame) == 36
    rows = trial_rows(finished)
    for name in ("trial_id", "state", "fid", "fid_vs_heldout", "heldout_loss", "train_flops", "wall_s"):
        assert frame[name].to_list() == [row[name] for row in rows]


def test_seeds_of_one_model_share_a_cell_and_nothing_else_does(finished):
    frame = trials_frame(finished)
    assert frame["cell"].n_unique() == 12
    assert (frame.group_by("cell").agg(pl.col("seed").n_unique())["seed"] == 3).all()


def test_another_learning_rate_is_another_cell(rates):
    assert trials_frame(rates)["cell"].n_unique() == 16


def test_one_row_per_evaluation_and_figure(finished):
    frame = evaluations_frame(finished)
    assert frame.columns == list(frames.EVALUATIONS)
    # 2 metrics against 2 references and 2 held-out losses, at 5 steps of 36 trials.
    assert len(frame) == 36 * 5 * (4 + 2)
    assert set(frame["metric"]) == {"fid", "kid", "heldout_loss", "heldout_mse"}
    assert frame.filter(pl.col("metric") == "kid")["std"].null_count() == 0
    assert frame.filter((pl.col("metric") == "fid") & pl.col("headline"))["reference"].unique().to_list() == ["train"]


def test_compute_is_counted_up_to_the_evaluated_step(finished):
    trial = finished.plan().trials[0]
    rows = evaluations_frame(finished).filter((pl.col("trial_id") == trial.trial_id) & (pl.col("metric") == "fid")
                                              & pl.col("headline")).sort("step")
    assert rows["step"].to_list() == [100, 200, 300, 400, 500]
    assert rows["train_flops"].to_list() == [train_flops(trial.spec.model, 64 * step) for step in rows["step"]]
    assert rows["train_flops"][-1] == trial.train_flops


def test_one_row_per_logged_step(finished):
    frame = curves_frame(finished)
    assert frame.columns == list(frames.CURVES)
    assert len(frame) == 36 * 10
    assert frame["heldout_loss"].null_count() == 36 * 5


def test_every_trial_of_an_unfinished_sweep_has_its_row(half_run):
    states = dict(trials_frame(half_run).group_by("state").len().rows())
    assert states == {"completed": 5, "diverged": 1, "running": 1, "pending": 5}
    assert set(evaluations_frame(half_run)["state"]) == {"completed", "diverged", "running"}


def test_a_sweep_that_has_not_begun_gives_empty_frames_with_all_columns(tmp_path):
    study = StudyFolder(tmp_path / "digits")
    study.write_plan(digits_like(seeds=1))
    assert trials_frame(study)["fid"].null_count() == 12
    assert evaluations_frame(study).shape == (0, len(frames.EVALUATIONS))
    assert curves_frame(study).shape == (0, len(frames.CURVES))


def test_several_studies_stack(finished, rates):
    frame = trials_frame([finished, rates.folder])
    assert frame.group_by("study", maintain_order=True).len().rows() == [("digits", 36), ("digits_lr", 16)]


def test_a_folder_without_a_plan_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"holds no study\.json"):
        trials_frame(tmp_path)


def test_pandas_takes_the_frames_at_the_edge(half_run):
    assert len(trials_frame(half_run).to_pandas()) == 12


def test_every_column_is_in_the_dictionary():
    told = (frames.Path(__file__).parents[2] / "results" / "README.md").read_text()
    missing = {name for schema in (frames.TRIALS, frames.EVALUATIONS, frames.CURVES) for name in schema
               if f"`{name}`" not in told}
    assert not missing


def test_the_default_study_is_the_one_named(finished, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_RESULTS", str(finished.folder))
    assert frames.default_study() == finished


def test_provenance_tells_versions_apart_and_passes_over_idle_sessions(tmp_path):
    plan = digits_like(seeds=1)
    study = StudyFolder(tmp_path / "digits")
    study.write_plan(plan)
    runs = [measure(study, trial, 0, code=code) for trial, code in zip(plan.trials, ("a", "a", "b"))]
    record = runs[0].record()
    idle = {"started": "2027-01-01T00:00:00+00:00", "ended": "2027-01-01T00:00:00+00:00", "from_step": None,
            "to_step": None, "provenance": PROVENANCE | {"code": "idle"}}
    runs[0].write_record(record | {"sessions": [*record["sessions"], idle]})
    found = provenance_of(study)
    assert found.codes == {"a": 2, "b": 1}
    assert found.ended == "2026-01-02T03:05:05+00:00"
    assert len(found.warnings) == 1
    assert "different versions of the code" in found.warnings[0]
