"""Are curves in the frames what was logged, of many files read together, cut short, or resumed?"""

import json
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from analysis import frames
from analysis.frames import curves as curve_files
from analysis.frames import curves_frame, trials_frame
from scaling.records import Run, StudyFolder
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
    alone, ledger = [], Run.curve

    def curve(run, faults):
        alone.append(run.folder.name)
        return ledger(run, faults)

    monkeypatch.setattr(Run, "curve", curve)
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


def test_batches_are_read_a_few_ahead_and_no_further(small, monkeypatch):
    """So that the memory in use does not grow with the number of trainings."""
    monkeypatch.setattr(curve_files, "FILES", 1)
    monkeypatch.setattr(curve_files, "AHEAD", 1)
    whole = curves_frame(small)
    runs, opened = [small.run(trial.train_id) for trial in small.plan().trials], []
    with ThreadPoolExecutor(1) as pool:
        batches = curve_files.curve_lines(runs, pool, opened.append)
        numbers, lines, _ = next(batches)
        assert opened == runs[:2] and numbers == range(1) and lines["run"].unique().to_list() == [0]
        rest = [lines for _, lines, _ in batches]
    assert len(lines) + sum(map(len, rest)) == len(whole) == 20
    assert [len(lines) for lines in rest] == [10, 0]  # the third has no file


def test_a_folder_whose_name_is_a_pattern_is_read(tmp_path):
    plan = digits_like({"model.patch": [2]}, seeds=1)
    study = StudyFolder(tmp_path / "of [adaln] *" / plan.name)
    study.write_plan(plan)
    measure(study, plan.trials[0], 0.06)
    assert len(curves_frame(study)) == 10


@pytest.mark.parametrize("text", ["", "\n"])
def test_a_curve_without_lines_has_no_rows(small, text):
    run = small.run(small.plan().trials[0].train_id)
    (run.folder / "curve.jsonl").write_text(text)
    assert run.folder.name not in curves_frame(small)["train_id"]


STRAY = ['{"loss": 1.0}', "no JSON", "[1]", '{"step": -1}', '{"step": "550", "images": 1}', "\x00x"]


@pytest.mark.parametrize("stray", STRAY)
def test_a_line_that_no_training_logged_is_passed_over_and_its_file_named(small, stray):
    before = curves_frame(small)
    run = small.run(small.plan().trials[0].train_id)
    path = run.folder / "curve.jsonl"
    path.write_text(stray + "\n" + path.read_text())
    assert curves_frame(small).equals(before)
    told = trials_frame(small).filter(pl.col("train_id") == run.folder.name)["why"][0]
    assert told.startswith(f"runs/{run.folder.name}/curve.jsonl line 1 ")
