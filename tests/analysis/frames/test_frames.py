"""Do the frames say what the records say, whole or half measured?"""

import polars as pl
import pytest

from analysis import frames
from analysis.answers.study import loss_runs
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.select.trials import fit_points
from scaling.study import EvaluationSpec, Protocol
from tests.analysis.synthetic_study import BASE, digits_like, write_study


def test_what_is_not_completed_or_of_another_protocol_is_a_column_and_no_silent_member_of_a_fit(
    half_run, tmp_path
):
    trials = trials_frame(half_run)
    completed = trials.filter(pl.col("state") == "completed")["trial_id"].to_list()
    assert fit_points(trials)["trial_id"].to_list() == completed
    assert set(loss_runs(evaluations_frame(half_run))[1].cluster) <= set(
        fit_points(trials)["train_id"]
    )
    more = EvaluationSpec(checkpoints=5, protocol=Protocol(samples=500))
    other = write_study(
        tmp_path,
        digits_like(seeds=1, base=BASE.model_copy(update={"evaluate": more}), name="other"),
    )
    both = trials_frame([half_run, other])
    assert both["protocol"].n_unique() == 2
    with pytest.raises(ValueError, match="2 protocols are mixed, as in "):
        fit_points(both)


def test_several_studies_stack(finished, rates):
    frame = trials_frame([finished, rates.folder])
    assert frame.group_by("study", maintain_order=True).len().rows() == [
        ("digits", 36),
        ("digits_lr", 16),
    ]


def test_a_study_of_one_trial_has_its_frames(tmp_path):
    study = write_study(tmp_path, digits_like({"model.patch": [2]}, seeds=1))
    (trial,) = study.plan().trials
    assert len(evaluations_frame(study)) == 5 * (4 + 2)
    for frame in (trials_frame(study), evaluations_frame(study), curves_frame(study)):
        assert frame["trial_id"].unique().to_list() == [trial.trial_id]
        assert not frame.is_empty()


def test_a_folder_without_a_plan_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"holds no study\.json"):
        trials_frame(tmp_path)


def test_pandas_takes_the_frames_at_the_edge(half_run):
    assert len(trials_frame(half_run).to_pandas()) == 12


def test_the_default_study_is_the_one_named(finished, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_RESULTS", str(finished.folder))
    assert frames.default_study() == finished
