"""Does a person see what a sweep left, and why?"""

import pytest

from scaling.outcome import show_outcome
from scaling.records import StudyFolder, trial_rows
from scaling.study import Plan, Study
from scaling.study.settings import with_settings


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
