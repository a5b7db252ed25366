"""Does a run give back what was logged, and is a record of newer code refused?"""

import inspect
import json

import numpy as np
import pytest

from scaling.records import Run


def test_the_later_line_of_a_step_counts(tmp_path):
    run = Run(tmp_path)
    for line in ({"step": 1, "loss": 9}, {"step": 2, "loss": 8}, {"step": 1, "loss": 7}):
        run.log(line)
    assert run.curve() == [{"step": 1, "loss": 7}, {"step": 2, "loss": 8}]


def test_a_newer_schema_is_refused(tmp_path):
    (tmp_path / "state.json").write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(ValueError, match="schema version 99"):
        Run(tmp_path).state()


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
