"""Does a sweep go on without what another hand damaged, and lose nothing of it?"""

import errno
import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from scaling.records import StudyFolder, trial_rows
from scaling.records.damage import damaged_files, keep_curve, set_aside, unknown_keys, whole_lines
from scaling.records.files import append_line
from scaling.records.parsed import Damaged, Newer, Unreadable
from scaling.study.planning.plan import Plan
from tests.analysis.synthetic_study import digits_like, write_study
from tests.mutations import mutate


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """Two trainings, finished; one evaluation is being made again."""
    plan = digits_like({"model.patch": [4, 2]}, seeds=1)
    study = write_study(tmp_path_factory.mktemp("pristine"), plan)
    run = study.run(plan.trials[0].train_id)
    run.evaluating(plan.trials[0].eval_ids[500]).write_state("stopped", step=500)
    return study


@pytest.fixture
def study(pristine, tmp_path) -> StudyFolder:
    shutil.copytree(pristine.folder.parent, tmp_path / "results")
    return StudyFolder(tmp_path / "results" / pristine.folder.name)


def files(study: StudyFolder, plan: Plan) -> dict:
    run, last = study.run(plan.trials[0].train_id).folder, plan.trials[0].eval_ids[500]
    return {
        "plan": study.folder / "study.json",
        "real": study.folder / "real.npz",
        "spec": run / "spec.json",
        "state": run / "state.json",
        "record": run / "record.json",
        "curve": run / "curve.jsonl",
        "evaluation": run / "evaluations" / f"{last}.json",
        "evaluating": run / "evaluating" / f"{last}.json",
    }


NAMES = ("plan", "real", "spec", "state", "record", "curve", "evaluation", "evaluating")


@pytest.mark.parametrize("content", [b"[1, 2]", b"", None], ids=["a list", "empty", "a folder"])
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_gets_a_name_of_its_own_and_the_study_is_sound_without_it(
    study, name, content
):
    plan = study.plan()
    path = files(study, plan)[name]
    for number in (1, 2):
        if not path.exists():  # not made again at once
            path.write_bytes(b"")
        mutate(path, content)
        damaged = damaged_files(study, plan)
        # An empty curve is one without lines, as its record knows.
        assert [error.path for error in damaged] == [path] * ((name, content) != ("curve", b""))
        told = set_aside(damaged, study, plan)
        assert len(told) == len(damaged) and not damaged_files(study, plan)
        for line in told:
            kept = path.with_name(f"{path.name}.damaged-{number}")
            assert line.endswith(f"it is now {kept.name}")
            assert kept.is_dir() if content is None else kept.read_bytes() == content
    study.write_plan(plan)
    states = [row["state"] for row in trial_rows(study)]
    assert states == ["stopped" if name == "evaluation" else "completed", "completed"]


def test_a_spec_is_written_again_and_a_curve_keeps_its_whole_lines(study):
    plan = study.plan()
    run = study.run(plan.trials[0].train_id)
    spec, curve = run.spec(), run.curve()
    mutate(run.folder / "spec.json", b"{}")
    with open(run.folder / "curve.jsonl", "a") as file:
        file.write("Traceback (most recent call last):\n")
    set_aside(damaged_files(study, plan), study, plan)
    assert run.spec() == spec and run.curve() == curve


def test_a_file_of_newer_code_is_left_alone(study):
    plan = study.plan()
    path = files(study, plan)["state"]
    path.write_text(json.dumps({"schema_version": 2, "state": "dreaming"}))
    with pytest.raises(Newer, match="schema version 2, this code reads up to 1; update"):
        damaged_files(study, plan)


def test_a_training_that_another_process_works_on_is_left_to_it(study):
    plan = study.plan()
    path = files(study, plan)["state"]
    mutate(path, b"")
    with FileLock(study.run(plan.trials[0].train_id).lock):
        assert not set_aside(damaged_files(study, plan), study, plan)
    assert path.read_bytes() == b""


def test_keys_that_this_code_does_not_know_are_told_and_the_file_is_read(study):
    plan = study.plan()
    assert not unknown_keys(study, plan)
    paths = files(study, plan)
    for name in ("state", "evaluation"):
        content = json.loads(paths[name].read_text())
        paths[name].write_text(json.dumps(content | {"colour": 1}))
    content["figures"][0]["hue"] = 2
    paths["evaluation"].write_text(json.dumps(content))
    first, second = sorted(unknown_keys(study, plan))
    assert "figures.hue" in first and "which this code does not know" in first
    assert "state.json holds colour, which" in second
    assert [row["state"] for row in trial_rows(study)] == ["completed", "completed"]


def test_lines_that_a_curve_lost_are_written_again(study):
    run = study.run(study.plan().trials[0].train_id)
    lines, path = run.curve(), run.folder / "curve.jsonl"
    whole = path.read_bytes()
    keep_curve(run, lines)
    assert path.read_bytes() == whole
    for damaged in (whole[:900], b"", whole[:300] + b"\xff\n" + whole[300:]):
        path.write_bytes(damaged)
        keep_curve(run, lines)
        assert run.curve() == lines
    path.unlink()
    keep_curve(run.as_read_only(), lines)
    assert not path.exists()
    append_line(path, lines[3])
    keep_curve(run, lines)
    assert run.curve() == lines


@pytest.mark.parametrize("name", ["state", "curve", "real"])
def test_a_file_that_the_disk_holds_back_is_told_and_not_renamed(study, name, monkeypatch):
    plan = study.plan()
    path = files(study, plan)[name]
    if name == "real":
        path.write_bytes(b"")

    def read(asked):
        if Path(asked) == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(asked))
        return Path(asked).read_bytes()

    run = study.run(plan.trials[0].train_id)
    lines = run.curve()
    for module in ("files", "parsed"):
        monkeypatch.setattr(f"scaling.records.{module}.read_bytes", read)
    before = path.read_bytes()
    keep_curve(run, lines)
    assert path.read_bytes() == before and not list(run.folder.glob("*.damaged-*"))
    if name == "curve":
        with pytest.raises(Unreadable, match="Permission denied"):
            whole_lines(run)
    with pytest.raises(Unreadable, match=r"cannot be read \(Permission denied\); see to") as told:
        damaged_files(study, plan)
    assert not isinstance(told.value, Damaged)
