"""Are curves in the frames what was logged, of many files read together, cut short, or resumed?"""

import json

import polars as pl
import pytest

from analysis import frames
from analysis.frames import curves as curve_lines
from analysis.frames import curves_frame, trials_frame
from scaling.records import StudyFolder
from tests.analysis.synthetic_study import digits_like, measure


def test_one_row_per_logged_step(finished):
    frame = curves_frame(finished)
    assert frame.columns == list(frames.CURVES)
    assert len(frame) == 36 * 10
    assert frame["heldout_loss"].null_count() == frame["heldout_bins"].null_count() == 36 * 5
    # ten equal parts of the schedule, whose mean is the whole
    bins = frame.drop_nulls("heldout_bins")
    assert bins["heldout_bins"].list.mean().to_list() == pytest.approx(
        bins["heldout_loss"].to_list()
    )
    assert bins["heldout_bins"].list.len().unique().to_list() == [10]
    assert frame["grad_norm"].to_list() == [20 / step for step in frame["step"]]
    assert frame["mfu"].null_count() == len(frame)  # of a device whose peak is not known


def test_whole_curves_are_parsed_together_and_one_cut_short_alone(small, monkeypatch):
    """One by one, so that each takes the memory of the one before."""
    alone, one = [], curve_lines._one
    monkeypatch.setattr(curve_lines, "FILES", 1)
    monkeypatch.setattr(curve_lines, "AHEAD", 0)
    monkeypatch.setattr(
        curve_lines, "_one", lambda run, place: alone.append(run.folder.name) or one(run, place)
    )
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
    old = [
        {k: v for k, v in line.items() if k not in ("grad_norm", "mfu", "heldout_bins")}
        for line in run.curve()
    ]
    (run.folder / "curve.jsonl").write_text("".join(json.dumps(line) + "\n" for line in old))
    frame = curves_frame(small).filter(pl.col("train_id") == run.folder.name)
    assert frame["loss"].null_count() == 0
    assert frame["grad_norm"].null_count() == frame["heldout_bins"].null_count() == len(frame)


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
    found = (
        curves_frame(study)
        .group_by("trial_id", maintain_order=True)
        .agg(pl.len(), pl.col("step").max())
        .rows()
    )
    assert found == [(plan.trials[0].trial_id, 10, 500), (plan.trials[1].trial_id, 5, 250)]
