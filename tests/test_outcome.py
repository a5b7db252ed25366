"""Does a person see what a sweep left, and why?"""

from pathlib import Path

import pytest

import scaling
from scaling.outcome import MOST_SHOWN, first_rows, show_outcome, trial_table
from scaling.records import StudyFolder, trial_rows
from scaling.study import Plan, Study
from scaling.study.settings import with_settings

REFERENCE = Path(scaling.__file__).parents[1] / "results" / "reference"


@pytest.fixture
def plan(tiny) -> Plan:
    """Two trainings, the second one twice as wide."""
    trials = (tiny, with_settings(tiny, {"model.width": 32}))
    return Plan.of(Study(name="two", question="Wider?", expectation="!", trials=trials))


def test_the_outcome_names_what_did_not_finish_and_why(plan, tmp_path, capsys):
    folder = StudyFolder(tmp_path / "two")
    folder.write_plan(plan)
    folder.run(plan.trials[0].train_id).write_state("failed", "OSError: disk is full")
    show_outcome(folder, trial_rows(folder), interrupted=True)
    said = capsys.readouterr().out.splitlines()
    assert f"{plan.trials[0].trial_id} failed: OSError: disk is full" in said
    assert "1 failed, 1 pending" in said and said[-1] == "interrupted; the same command continues"


def test_of_very_many_trials_those_that_did_not_complete_are_shown_first():
    rows = [{"state": "completed", "id": i} for i in range(MOST_SHOWN + 5)]
    rows[-1]["state"] = rows[3]["state"] = "failed"
    ids = [row["id"] for row in first_rows(rows)]
    assert len(ids) == MOST_SHOWN and ids == sorted(ids)
    assert ids[3] == 3 and ids[-1] == MOST_SHOWN + 4 and MOST_SHOWN not in ids
    assert first_rows(rows[:10]) == rows[:10]


def test_a_study_of_several_tokenizers_tells_them_apart():
    folder = StudyFolder(REFERENCE / "tokenizers")
    table = trial_table(trial_rows(folder))
    assert [column.header for column in table.columns][:3] == ["model", "tokenizer", "seed"]
    (digits,) = {*table.columns[1].cells} - {"pixels", "digits-f2c2", "digits-f2c4", "digits-f2c8"}
    assert digits == "digits-f4c16"
    one = trial_table(trial_rows(StudyFolder(REFERENCE / "mixer_vs_dit")))
    assert "tokenizer" not in [column.header for column in one.columns]
