"""Whatever another hand writes into a file of ours: is it named, and never a traceback?

A few mutations of each file here; ``python -m tests.chaos.files`` tries all of them on commands.
"""

import json

import pytest

from analysis.frames import curves_frame, evaluations_frame, trials_frame
from scaling.records import trial_rows
from scaling.records.damage import damaged_files, set_aside
from scaling.records.evaluation_shape import EVALUATION
from scaling.records.parsed import Damaged, Newer, Unreadable
from scaling.records.shapes import PLAN, STATE
from scaling.sweep import unfinished
from tests.mutations import mutate, mutations, restored
from tests.records.test_damage import NAMES, files, pristine  # noqa: F401
from tests.written import evaluation

MOST = 6  # of each file


@pytest.mark.parametrize("name", [*NAMES, "index"])
def test_no_mutation_of_a_file_ends_in_anything_but_its_name(pristine, tmp_path, name):  # noqa: F811
    plan = pristine.plan()
    trials_frame(pristine)
    source = (files(pristine, plan) | {"index": pristine.folder / ".frames/index.json"})[name]
    root = pristine.folder.parent
    for what, content in mutations(source, MOST):
        restored(root, tmp_path / "copy")
        study = type(pristine)(tmp_path / "copy" / pristine.folder.name)
        path = tmp_path / "copy" / source.relative_to(root)
        mutate(path, content)
        for read in (trial_rows, trials_frame, evaluations_frame, curves_frame):
            try:
                read(study)
            except Unreadable as error:
                assert name == "plan" and error.path == path, what
        try:
            set_aside(damaged_files(study, plan), study, plan)
        except Newer:
            continue
        assert not damaged_files(study, plan), what
        unfinished(study, plan)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[]", r"is no object \(got \[\]\)"),
        (b'{"state": "running", "why": null}', "heartbeat of a running job is missing"),
        (b'{"state": "running", "heartbeat": "now"}', r"why is missing, heartbeat is no number"),
        (b'{"state": "dreaming", "why": null}', "state: is none of pending, running, completed"),
        (b'{"state": "failed", "why": 3}', r"why is no text \(got 3\)"),
        (b'{"schema_version": "two"}', r"schema_version is no whole number \(got 'two'\)"),
        (b"\xef\xbb\xbf{}", r"is not valid JSON \(expected value at line 1 column 1\)"),
        (b'{"a":' * 900, r"is not valid JSON \(recursion limit exceeded"),
        (b'{"state": "failed", "why": null, "step": 1' + 400 * b"0" + b"}", "step: .* bits"),
    ],
)
def test_a_fault_is_named_by_its_field_and_what_it_holds(data, why):
    with pytest.raises(Damaged, match=rf"^runs/a/state\.json {why}.*; the same sweep sets"):
        STATE.parse(data, "runs/a/state.json")


@pytest.mark.parametrize("shape", [STATE, PLAN, EVALUATION])
def test_a_file_too_large_to_be_ours_is_damaged_and_not_read(tmp_path, monkeypatch, shape):
    monkeypatch.setattr("scaling.records.parsed.read_bytes", None)
    path = tmp_path / "state.json"
    with open(path, "wb") as file:
        file.truncate(shape.most + 1)  # a hole, which takes no room
    with pytest.raises(Damaged, match=rf"has {shape.most + 1:,} bytes, and at most .* are read; "):
        shape.read(path)


def test_faults_are_few_and_short_in_a_message():
    with pytest.raises(Damaged) as found:
        EVALUATION.parse(b'{"figures": %s}' % json.dumps(900 * [3]).encode(), "e.json")
    assert len(str(found.value)) < 400 and " and 907 more; " in str(found.value)


def test_a_plan_that_names_files_elsewhere_is_refused(pristine):  # noqa: F811
    content = json.loads((pristine.folder / "study.json").read_text())
    content["trials"][0]["train_id"] = "../../../etc"
    with pytest.raises(Damaged, match=r"trials\.0\.train_id"):
        PLAN.parse(json.dumps(content).encode(), "study.json")


def test_the_path_in_a_message_stays_true_when_results_are_moved():
    error = Damaged("results/runs/abc/state.json", "is no object", "mend it")
    assert error.short == "runs/abc/state.json is no object; mend it"
    assert str(error) == "results/runs/abc/state.json is no object; mend it"


def test_a_field_of_a_spec_that_this_code_does_not_know_is_newer_codes(pristine, tiny):  # noqa: F811
    content = json.loads((pristine.folder / "study.json").read_text())
    for trial in content["trials"]:
        trial["spec"]["train"]["dreams"] = 3
    with pytest.raises(
        Newer, match=r"study\.json holds dreams, which this code does not know; upd"
    ):
        PLAN.parse(json.dumps(content).encode(), "study.json")
    measured = evaluation(tiny, 6)
    measured["protocol"]["dreams"] = 3
    with pytest.raises(Newer, match=r"e\.json holds dreams, which this code does not know; update"):
        EVALUATION.parse(json.dumps(measured).encode(), "e.json")
    with pytest.raises(Damaged, match=r"e\.json step is no whole number"):
        EVALUATION.parse(json.dumps(measured | {"step": "6"}).encode(), "e.json")
