"""Are the tables cached beside the records what the records say, also after these changed?"""

import gc
import importlib
import json
import os
import shutil
import subprocess
import sys
import time

import polars as pl
import pytest

from analysis.frames import cache as frame_cache
from analysis.frames import curves_frame, evaluations_frame, sources, trials_frame
from scaling.records import status as rows
from tests.analysis.synthetic_study import measure, settle

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
    monkeypatch.setattr(
        frame_cache,
        "read_tables",
        lambda study, plan, only=None: (asked.append(only), read(study, plan, only))[1],
    )
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
    assert frame["trial_id"].unique(maintain_order=True).to_list() == [
        trial.trial_id for trial in trials
    ]
    assert frame[: len(before)].equals(before)
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
    assert trials_frame(small)["trial_id"].to_list() == [
        trial.trial_id for trial in plan.trials[1:]
    ]


def test_other_code_reads_all_again(small, monkeypatch):
    before, reads, read = trials_frame(small), [], frame_cache.read_tables
    monkeypatch.setattr(
        frame_cache, "read_tables", lambda *args, **how: reads.append(args) or read(*args, **how)
    )
    assert trials_frame(small).equals(before) and not reads
    monkeypatch.setattr(frame_cache, "code_id", lambda: "of another version")
    assert trials_frame(small).equals(before) and len(reads) == 1


def test_code_is_what_reading_the_tables_imports_and_nothing_else():
    modules = sources.reached(sources.READER)
    assert {
        "analysis.frames.tables",
        "analysis.frames.columns",
        "scaling.records.status",
        "scaling.records.ledger",
        "scaling.study.costs.cost",
        "scaling.study.network",
        "scaling.study.families.dit",
        "scaling.study.families.outside.source",  # imported inside a function
    } <= modules.keys()
    assert not {"analysis.frames.published", "scaling.study.costs.memory"} & modules.keys()
    for name, file in modules.items():
        assert importlib.import_module(name).__file__ == str(file)


def test_the_body_of_a_with_runs_with_the_garbage_collector_as_it_was(small):
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            with frame_cache.tables_of(small, "trials"):
                assert gc.isenabled() is enabled
            assert gc.isenabled() is enabled
            shutil.rmtree(small.folder / ".frames")
            with pytest.raises(ZeroDivisionError), frame_cache.tables_of(small, "trials"):
                raise ZeroDivisionError
            assert gc.isenabled() is enabled
        finally:
            gc.enable()


def test_the_garbage_collector_is_on_again_after_records_that_cannot_be_read(small):
    (small.folder / "study.json").unlink()
    with pytest.raises(ValueError):
        trials_frame(small)
    assert gc.isenabled()


def test_a_damaged_or_incomplete_cache_is_made_anew(small):
    before = trials_frame(small)
    for path in (small.folder / ".frames").glob("*.parquet"):
        path.write_bytes(b"PAR1 no table")
    assert trials_frame(small).equals(before)
    (small.folder / ".frames" / "index.json").write_text("{")
    assert trials_frame(small).equals(before)
    next((small.folder / ".frames").glob("curves-*")).unlink()
    assert len(curves_frame(small)) == 20


def test_a_folder_that_cannot_be_written_to_is_read_all_the_same(small, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError("read-only")

    monkeypatch.setattr(frame_cache.Path, "mkdir", refuse)
    with pytest.warns(UserWarning, match="not kept for the next time: read-only"):
        assert len(trials_frame(small)) == 3


LARGE = """
import sys
from analysis import frames
from analysis.frames import cache as frame_cache
frame_cache.LARGE = 0
frames.curves_frame(sys.argv[1])
"""


def test_large_tables_are_kept_by_when_the_next_frame_is_asked_for_and_when_the_process_has_ended(
    small, monkeypatch
):
    kept = curves_frame(small)
    shutil.rmtree(small.folder / ".frames")
    monkeypatch.setattr(frame_cache, "LARGE", 0)
    curves_frame(small)
    with monkeypatch.context() as patch:
        patch.setattr(frame_cache, "read_tables", None)  # the records are not read again
        assert curves_frame(small).equals(kept)
    shutil.rmtree(small.folder / ".frames")
    subprocess.run([sys.executable, "-c", LARGE, small.folder], check=True)
    monkeypatch.setattr(frame_cache, "read_tables", None)
    assert curves_frame(small).equals(kept)
