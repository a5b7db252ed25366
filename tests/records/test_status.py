"""How does a trial stand that is unmeasured, or silent?"""

import json
import time

import pytest

from scaling.records import StudyFolder, trial_rows
from scaling.records.files import write_json
from scaling.records.state.lease import lease_of
from scaling.study import Plan, Study


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
    state = json.loads((run.folder / "state.json").read_text())
    write_json(run.folder / "state.json", state | {"heartbeat": time.time() - 3600})
    assert trial_rows(folder)[0]["state"] == "stopped"


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"holds no study\.json"):
        trial_rows(tmp_path)


def test_an_evaluation_whose_process_went_away_is_told(tmp_path, tiny):
    folder = StudyFolder(tmp_path / "test")
    folder.write_plan(Plan.of(Study(name="test", question="?", expectation="!", trials=(tiny,))))
    run = folder.run(tiny.train_id)
    run.write_state("completed", step=12)
    run.evaluating(tiny.eval_id(6)).write_state("preempted", "its node died", step=6)
    (row,) = trial_rows(folder)
    assert (row["state"], row["why"]) == ("preempted", "an evaluation: its node died")


def test_what_a_trial_waits_for_is_told_beside_why_its_last_attempt_ended(tmp_path, tiny):
    folder = StudyFolder(tmp_path / "test")
    folder.write_plan(Plan.of(Study(name="test", question="?", expectation="!", trials=(tiny,))))
    lease_of(folder.folder).write_state("running", waits={tiny.train_id: "asks for 1 CPU"})
    assert trial_rows(folder)[0]["why"] == "asks for 1 CPU"
    folder.run(tiny.train_id).write_state("preempted", "its node died", step=6)
    assert trial_rows(folder)[0]["why"] == "its node died; asks for 1 CPU"
    folder.run(tiny.train_id).write_state("running", step=6)
    assert trial_rows(folder)[0]["why"] is None
