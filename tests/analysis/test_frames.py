"""Do the frames say what the records say, whole or half measured?"""

import json
import os
import re
import shutil
import time

import polars as pl
import pytest

from analysis import curve_lines, frame_cache, frames
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.laws import loss_runs
from analysis.provenance import provenance_of
from analysis.slopes import fit_points
from scaling.records import StudyFolder, rows, trial_rows
from scaling.study import EvaluationSpec, Protocol
from scaling.study.cost import train_flops
from tests.analysis.synthetic_study import BASE, PROVENANCE, digits_like, measure, write_study


def test_one_row_per_trial_with_the_figures_of_the_status(finished):
    frame = trials_frame(finished)
    assert frame.columns == list(frames.TRIALS)
    assert len(frame) == 36
    status = trial_rows(finished)
    for name in ("trial_id", "state", "fid", "fid_vs_heldout", "heldout_loss", "train_flops", "wall_s"):
        assert frame[name].to_list() == [row[name] for row in status]


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
    found = evaluations_frame(finished).filter((pl.col("trial_id") == trial.trial_id) & (pl.col("metric") == "fid")
                                               & pl.col("headline")).sort("step")
    assert found["step"].to_list() == [100, 200, 300, 400, 500]
    assert found["train_flops"].to_list() == [train_flops(trial.spec.model, 64 * step) for step in found["step"]]
    assert found["train_flops"][-1] == trial.train_flops


def test_one_row_per_logged_step(finished):
    frame = curves_frame(finished)
    assert frame.columns == list(frames.CURVES)
    assert len(frame) == 36 * 10
    assert frame["heldout_loss"].null_count() == frame["heldout_bins"].null_count() == 36 * 5
    bins = frame.drop_nulls("heldout_bins")  # ten equal parts of the schedule, whose mean is the whole
    assert bins["heldout_bins"].list.mean().to_list() == pytest.approx(bins["heldout_loss"].to_list())
    assert bins["heldout_bins"].list.len().unique().to_list() == [10]
    assert frame["grad_norm"].to_list() == [20 / step for step in frame["step"]]
    assert frame["mfu"].null_count() == len(frame)  # of a device whose peak is not known


def test_whole_curves_are_parsed_together_and_one_cut_short_alone(small, monkeypatch):
    """One by one, so that each takes the memory of the one before."""
    alone, one = [], curve_lines._one
    monkeypatch.setattr(curve_lines, "FILES", 1)
    monkeypatch.setattr(curve_lines, "AHEAD", 0)
    monkeypatch.setattr(curve_lines, "_one", lambda run, place: alone.append(run.folder.name) or one(run, place))
    whole = curves_frame(small)
    assert not alone
    curve = small.run(small.plan().trials[1].train_id).folder / "curve.jsonl"
    text = curve.read_text()
    curve.write_text(text.rstrip("\n"))  # its last line is whole
    assert curves_frame(small).equals(whole)
    assert not alone
    curve.write_text(text.rstrip("\n")[:-9])
    assert len(curves_frame(small)) == len(whole) - 1
    assert alone == [curve.parent.name]


def test_records_from_before_a_column_have_null_in_it(small):
    run = small.run(small.plan().trials[0].train_id)
    old = [{k: v for k, v in line.items() if k not in ("grad_norm", "mfu", "heldout_bins")} for line in run.curve()]
    (run.folder / "curve.jsonl").write_text("".join(json.dumps(line) + "\n" for line in old))
    frame = curves_frame(small).filter(pl.col("train_id") == run.folder.name)
    assert frame["loss"].null_count() == 0
    assert frame["grad_norm"].null_count() == frame["heldout_bins"].null_count() == len(frame)


def test_every_trial_of_an_unfinished_sweep_has_its_row(half_run):
    states = dict(trials_frame(half_run).group_by("state").len().rows())
    assert states == {"completed": 5, "diverged": 1, "running": 1, "pending": 5}
    assert set(evaluations_frame(half_run)["state"]) == {"completed", "diverged", "running"}


def test_what_is_not_completed_or_of_another_protocol_is_a_column_and_no_silent_member_of_a_fit(half_run, tmp_path):
    trials = trials_frame(half_run)
    completed = trials.filter(pl.col("state") == "completed")["trial_id"].to_list()
    assert fit_points(trials)["trial_id"].to_list() == completed
    assert set(loss_runs(evaluations_frame(half_run))[1].cluster) <= set(fit_points(trials)["train_id"])
    more = EvaluationSpec(checkpoints=5, protocol=Protocol(samples=500))
    other = write_study(tmp_path, digits_like(seeds=1, base=BASE.model_copy(update={"evaluate": more}), name="other"))
    both = trials_frame([half_run, other])
    assert both["protocol"].n_unique() == 2
    with pytest.raises(ValueError, match="2 protocols are mixed, as in "):
        fit_points(both)


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


@pytest.mark.parametrize("name, schema", [
    ("trials", frames.OF_TRIAL), ("evaluations", frames.OF_EVALUATION), ("curves", frames.OF_STEP),
    ("identifying", frames.WHICH | frames.HOW)])
def test_the_dictionary_describes_each_column_and_no_other(name, schema):
    """The table of each frame in results/README.md; identifying columns, which several frames share, have one of theirs."""
    text = (frames.Path(__file__).parents[2] / "results" / "README.md").read_text()
    section = text.split("## Frames")[1].split("\n## ")[0]
    head = "The identifying columns" if name == "identifying" else f"`{name}_frame`: one row"
    table = section.split(head)[1].split("_frame`: one row")[0]
    told = [column for row in re.findall(r"^\|(.*?)\|", table, re.M) for column in re.findall(r"`(\w+)`", row)]
    assert sorted(told) == sorted(schema)


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


def settle(study: StudyFolder) -> None:
    """Let every file have been changed long ago, as in a study that is done."""
    for path in study.folder.parent.rglob("*.json*"):
        os.utime(path, ns=(10**18, 10**18))


@pytest.fixture
def small(tmp_path) -> StudyFolder:
    """Three trials of one size, of which two are measured."""
    plan = digits_like({"model.patch": [8, 4, 2]}, seeds=1)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    for trial in plan.trials[:2]:
        measure(study, trial, 0.06)
    settle(study)
    return study


FRAMES = (trials_frame, evaluations_frame, curves_frame)


def test_what_is_kept_as_parquet_is_what_the_records_say(small, monkeypatch):
    first = [frame(small) for frame in FRAMES]
    assert len(list((small.folder / ".frames").glob("*.parquet"))) == 3
    monkeypatch.setattr(frame_cache, "read_tables", None)  # the records are not read again
    for frame, before in zip(FRAMES, first):
        assert frame(small).equals(before)


def test_a_changed_record_is_read_again_and_no_other(small, monkeypatch):
    trials_frame(small)
    asked, read = [], frame_cache.read_tables
    monkeypatch.setattr(frame_cache, "read_tables",
                        lambda study, plan, only=None: (asked.append(only), read(study, plan, only))[1])
    trial = small.plan().trials[0]
    path = small.run(trial.train_id).folder / "evaluations" / f"{trial.eval_ids[500]}.json"
    found = json.loads(path.read_text())
    found["figures"][0]["value"] = 77.0
    path.write_text(json.dumps(found))
    os.utime(path, ns=(10**18 + 1, 10**18 + 1))
    assert trials_frame(small)["fid"][0] == 77.0
    headline = (pl.col("metric") == "fid") & pl.col("headline") & (pl.col("step") == 500)
    assert 77.0 in evaluations_frame(small).filter(headline)["value"].to_list()
    assert asked == [{trial.train_id}]


def test_a_trial_that_is_measured_later_takes_its_place(small):
    before = curves_frame(small)
    trials = small.plan().trials
    measure(small, trials[2], 0.06)
    frame = curves_frame(small)
    assert frame["trial_id"].unique(maintain_order=True).to_list() == [trial.trial_id for trial in trials]
    assert frame[:len(before)].equals(before)
    assert trials_frame(small)["state"].to_list() == ["completed"] * 3
    settle(small)
    kept = [read(small) for read in FRAMES]
    shutil.rmtree(small.folder / ".frames")
    assert all(read(small).equals(was) for read, was in zip(FRAMES, kept))


def test_a_change_within_the_clocks_tick_is_seen(small):
    """Files changed a moment ago are not trusted, though neither time nor size tells them apart."""
    trial = small.plan().trials[0]
    path = small.run(trial.train_id).folder / "evaluations" / f"{trial.eval_ids[500]}.json"
    now = time.time_ns()
    for value in ("11.5", "22.5"):
        found = json.loads(path.read_text())
        found["figures"][0]["value"] = float(value)
        path.write_text(json.dumps(found))
        os.utime(path, ns=(now, now))
        assert trials_frame(small)["fid"][0] == float(value)


def test_a_running_trial_that_falls_silent_is_seen_without_a_change(small, monkeypatch):
    measure(small, small.plan().trials[2], 0.06, until=200)
    settle(small)
    assert trials_frame(small)["state"][2] == "running"
    monkeypatch.setattr(rows, "STALE_AFTER_S", -1.0)  # as if a minute had gone by
    assert trials_frame(small)["state"][2] == "stopped"


def test_another_plan_reads_all_again(small):
    trials_frame(small)
    plan = small.plan()
    small.write_plan(plan.model_copy(update={"trials": plan.trials[1:]}))
    assert trials_frame(small)["trial_id"].to_list() == [trial.trial_id for trial in plan.trials[1:]]


def test_a_damaged_or_incomplete_cache_is_made_anew(small):
    before = trials_frame(small)
    for path in (small.folder / ".frames").glob("*.parquet"):
        path.write_bytes(b"PAR1 no table")
    assert trials_frame(small).equals(before)
    (small.folder / ".frames" / "index.json").write_text("{")
    assert trials_frame(small).equals(before)
    next((small.folder / ".frames").glob("curves-*")).unlink()
    assert len(curves_frame(small)) == 20


def test_a_curve_is_read_as_the_ledger_reads_it(small):
    """A line cut short by a kill, and steps that a resumed training measured again."""
    trials = small.plan().trials
    run = small.run(trials[0].train_id)
    with open(run.folder / "curve.jsonl", "a") as file:
        file.write('{"step": 550, "lo')
    for step in (300, 350):
        run.log(run.curve()[0] | {"step": step, "images": 64 * step, "loss": 9.0 + step})
    run.log(run.curve()[0] | {"step": 900, "images": 64 * 900})  # beyond what this trial asks for
    frame = curves_frame(small).filter(pl.col("trial_id") == trials[0].trial_id)
    ledger = [line for line in run.curve() if line["step"] <= 500]
    for name in ("step", "images", "loss", "heldout_loss", "heldout_ema", "train_wall_s"):
        assert frame[name].to_list() == [line[name] for line in ledger]
    assert trials_frame(small)["loss"][0] == ledger[-1]["loss"]


def test_trials_that_share_a_training_have_its_curve_each_up_to_its_steps(tmp_path):
    plan = digits_like({"model.patch": [2], "train.steps": [500, 250]}, seeds=1)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    measure(study, plan.trials[0], 0.06)
    assert len({trial.train_id for trial in plan.trials}) == 1
    found = curves_frame(study).group_by("trial_id", maintain_order=True).agg(pl.len(), pl.col("step").max()).rows()
    assert found == [(plan.trials[0].trial_id, 10, 500), (plan.trials[1].trial_id, 5, 250)]


def test_a_folder_that_cannot_be_written_to_is_read_all_the_same(small, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError("read-only")
    monkeypatch.setattr(frame_cache.Path, "mkdir", refuse)
    with pytest.warns(UserWarning, match="not kept for the next time: read-only"):
        assert len(trials_frame(small)) == 3
