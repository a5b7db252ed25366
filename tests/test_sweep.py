"""Is it known what is left of a study, and does a dry run write nothing?"""

import pytest

from scaling.cli import main
from scaling.records import StudyFolder
from scaling.study import Plan
from scaling.sweep import unfinished
from tests.written import evaluation


@pytest.fixture
def study(planned) -> tuple[Plan, StudyFolder]:
    """Three trainings, none begun."""
    return planned(3)


def test_a_dry_run_prices_every_trial_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "digits", "--dry-run"])
    out = capsys.readouterr().out
    assert stop.value.code == 0 and "36 trials" in out and "training FLOPs" in out
    assert not list(tmp_path.iterdir())


def test_what_is_measured_or_has_diverged_is_not_left(study):
    plan, folder = study
    measured, diverged, failed = (folder.run(trial.train_id) for trial in plan.trials)
    assert [group[0].train_id for group in unfinished(folder, plan)] == [
        trial.train_id for trial in plan.trials
    ]
    for step, eval_id in plan.trials[0].eval_ids.items():
        measured.write_evaluation(eval_id, evaluation(plan.trials[0].spec, step))
    diverged.write_state("diverged", "loss nan at step 8", step=8)
    failed.write_state("failed", "OSError: disk is full", step=8)
    assert unfinished(folder, plan) == [[plan.trials[2]]]
