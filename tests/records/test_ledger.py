"""Does a run give back what was logged, and is a record of newer code refused?"""

import inspect
import json
import shutil

import numpy as np
import pytest

from scaling.records import Run
from scaling.records.parsed import Damaged, Newer
from tests.written import ID, evaluation, line


def test_the_later_line_of_a_step_counts(tmp_path):
    run = Run(tmp_path)
    for logged in (line(1, 9.0), line(2, 8.0), line(1, 7.0)):
        run.log(logged)
    assert run.curve() == [line(1, 7.0), line(2, 8.0)]


@pytest.mark.parametrize(
    "stray, why",
    [
        ("Traceback (most recent call last):", "line 2 is not valid JSON"),
        ("[1, 2]", r"line 2 is no object \(got \[1, 2\]\)"),
        ('{"step": 2}', "line 2 images is missing, loss is missing"),
        (json.dumps(line(2) | {"step": "2"}), r"line 2 step is no whole number \(got '2'\)"),
        (json.dumps(line(2, float("nan"))), r"line 2 loss is no finite number"),
    ],
)
def test_a_line_that_no_training_logged_is_named_or_passed_over(tmp_path, stray, why):
    run = Run(tmp_path)
    run.log(line(1, 9.0))
    with open(tmp_path / "curve.jsonl", "a") as file:
        file.write(stray + "\n")
    run.log(line(3, 7.0))
    with pytest.raises(Damaged, match=rf"curve\.jsonl {why}"):
        run.curve()
    faults = []
    assert run.curve(faults) == [line(1, 9.0), line(3, 7.0)] and len(faults) == 1


def test_a_state_that_cannot_be_read_is_told_and_a_newer_record_is_refused(tmp_path):
    (tmp_path / "state.json").write_text(json.dumps({"schema_version": 99}))
    (tmp_path / "record.json").write_text(json.dumps({"schema_version": 99}))
    told = Run(tmp_path).state()
    assert told["state"] == "unreadable" and "state.json has schema version 99" in told["why"]
    with pytest.raises(Newer, match="schema version 99, this code reads up to 1; update"):
        Run(tmp_path).record()


def test_an_evaluation_under_anothers_name_is_damaged(tmp_path, tiny):
    run = Run(tmp_path)
    one, other = tiny.eval_id(6), 16 * "1"
    run.write_evaluation(one, evaluation(tiny, 6))
    shutil.copy(tmp_path / f"evaluations/{one}.json", tmp_path / f"evaluations/{other}.json")
    assert run.is_measured(one) and not run.is_measured(other)
    with pytest.raises(Damaged, match=f"holds the measurement {one}"):
        run.evaluation(other)
    assert run.measured_steps() == {6}


def _files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# how each method of Run is called by whoever writes records; those that write nothing, None
WRITERS = {
    "write_spec": lambda run: run.write_spec(ID, {"seed": 0}),
    "write_state": lambda run: run.write_state("completed"),
    "renew_state": lambda run: run.renew_state("running", None),
    "write_record": lambda run: run.write_record({"step": 1}),
    "log": lambda run: run.log(line(1, 2.0)),
    "write_evaluation": lambda run: run.write_evaluation(ID, {"step": 1}),
    "write_samples": lambda run: run.write_samples(ID, {"images": np.zeros(1)}),
    "evaluating": lambda run: run.evaluating("another-id").write_state("running"),
}
READERS = {
    "spec", "state", "record", "sessions", "curve", "evaluation", "evaluations", "is_measured",
    "measured_steps", "samples", "as_read_only", "sibling", "send_curve", "alone",
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
