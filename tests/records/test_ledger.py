"""Does a reader ever see half a file, or a number nobody measured?"""

import inspect
import json
import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

from scaling.records import Run, StudyFolder, trial_rows
from scaling.records.files import append_line, read_json, read_lines, write_json
from scaling.records.heartbeat import Heartbeat
from scaling.study import Plan, Study


def _write_for_ever(path):
    payload = {"rows": list(range(20_000))}
    while True:
        write_json(path, payload)


def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path = tmp_path / "state.json"
    write_json(path, {"rows": []})
    for _ in range(5):
        writer = multiprocessing.get_context("fork").Process(target=_write_for_ever, args=(path,))
        writer.start()
        time.sleep(0.05)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        assert len(read_json(path)["rows"]) in (0, 20_000)


def test_nan_is_refused_and_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", {"fid": None})
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"fid": float("nan")})
    assert read_json(tmp_path / "a.json") == {"fid": None}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_line_cut_by_a_kill_is_closed_off_and_passed_over(tmp_path):
    path = tmp_path / "curve.jsonl"
    append_line(path, {"step": 1})
    with open(path, "a") as file:
        file.write('{"step": 2, "lo')
    append_line(path, {"step": 3})
    assert [line["step"] for line in read_lines(path)] == [1, 3]


def test_a_line_that_never_was_one_is_named_and_what_a_crash_left_is_passed_over(tmp_path):
    path = tmp_path / "curve.jsonl"
    path.write_bytes(b'{"step": 1}\n' + 40 * b"\0" + b'\n\n{"step": 2}\n')
    assert [line["step"] for line in read_lines(path)] == [1, 2]
    for stray in (b"Traceback (most recent call last):", b"[1, 2]", b"<<<<<<< ours"):
        path.write_bytes(b'{"step": 1}\n' + stray + b"\n")
        with pytest.raises(
            ValueError, match=r"curve\.jsonl holds a line that is not valid JSON \(no object\)"
        ):
            read_lines(path)


def test_the_later_line_of_a_step_counts(tmp_path):
    run = Run(tmp_path)
    for line in ({"step": 1, "loss": 9}, {"step": 2, "loss": 8}, {"step": 1, "loss": 7}):
        run.log(line)
    assert run.curve() == [{"step": 1, "loss": 7}, {"step": 2, "loss": 8}]


def test_a_newer_schema_is_refused(tmp_path):
    (tmp_path / "state.json").write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(ValueError, match="schema version 99"):
        Run(tmp_path).state()


def test_an_unmeasured_trial_has_nulls(tmp_path, tiny):
    folder = StudyFolder(tmp_path / "test")
    folder.write_plan(Plan.of(Study(name="test", question="?", expectation="!", trials=(tiny,))))
    (row,) = trial_rows(folder)
    assert row["state"] == "pending" and row["forward_gmacs"] > 0
    assert all(row[key] is None for key in ("loss", "heldout_loss", "fid", "wall_s"))


def test_a_silent_running_trial_is_not_called_running(tmp_path, tiny):
    folder = StudyFolder(tmp_path / "test")
    folder.write_plan(Plan.of(Study(name="test", question="?", expectation="!", trials=(tiny,))))
    run = folder.run(tiny.train_id)
    run.write_state("running", step=3)
    assert trial_rows(folder)[0]["state"] == "running"
    state = read_json(run.folder / "state.json")
    write_json(run.folder / "state.json", state | {"heartbeat": time.time() - 3600})
    assert trial_rows(folder)[0]["state"] == "stopped"


def test_a_busy_trial_keeps_its_heartbeat_and_ends_before_its_outcome(tmp_path, monkeypatch):
    monkeypatch.setattr("scaling.records.heartbeat.HEARTBEAT_S", 0.01)
    run = Run(tmp_path)
    with Heartbeat(run) as heartbeat:
        first = run.state()["heartbeat"]
        heartbeat.tell(step=7)
        deadline = time.monotonic() + 10
        while run.state().get("step") != 7 or run.state()["heartbeat"] <= first:
            assert time.monotonic() < deadline
    run.write_state("completed", step=7)
    time.sleep(0.1)
    assert run.state()["state"] == "completed"


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"holds no study\.json"):
        trial_rows(tmp_path)


def _files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# how each method of Run is called by whoever writes records; those that write nothing, None
WRITERS = {
    "write_spec": lambda run: run.write_spec("train-id", {"seed": 0}),
    "write_state": lambda run: run.write_state("completed"),
    "write_record": lambda run: run.write_record({"step": 1}),
    "log": lambda run: run.log({"step": 1}),
    "write_evaluation": lambda run: run.write_evaluation("eval-id", {"step": 1}),
    "write_samples": lambda run: run.write_samples("eval-id", {"images": np.zeros(1)}),
    "evaluating": lambda run: run.evaluating("another-id").write_state("running"),
}
READERS = {
    "spec", "state", "record", "curve", "evaluation", "evaluations", "measured_steps", "samples",
    "as_read_only", "sibling",
}  # fmt: skip


def test_every_method_of_a_run_is_known_to_write_or_to_read():
    methods = {name for name, what in vars(Run).items() if inspect.isfunction(what)}
    assert {name for name in methods if not name.startswith("_")} == WRITERS.keys() | READERS


@pytest.mark.parametrize("name", WRITERS)
def test_a_read_only_run_is_not_written(name, tmp_path):
    run, before = Run(tmp_path), _files(tmp_path)
    WRITERS[name](run.as_read_only())
    assert _files(tmp_path) == before == {}
    WRITERS[name](run)
    assert _files(tmp_path) != before


def test_a_read_only_run_is_read_and_its_siblings_are_read_only(tmp_path):
    run = Run(tmp_path / "a")
    run.write_state("running", step=3)
    run.evaluating("eval-id").write_state("running", step=2)
    seen = run.as_read_only()
    assert seen.state() == run.state() and seen.folder == run.folder
    seen.evaluating("eval-id").clear()
    assert run.evaluating("eval-id").state()["step"] == 2
    seen.sibling("b").write_state("running")
    assert seen.sibling("a") == seen and not (tmp_path / "b").exists()
