"""Can trials be tried again, a sweep be stopped and watched, and is what makes no sense refused?"""

import pytest

from scaling.cli import main
from scaling.records import StudyFolder, trial_rows
from scaling.records.state.lease import leased
from scaling.study import Plan
from scaling.sweep import unfinished


@pytest.fixture
def study(planned) -> tuple[Plan, StudyFolder]:
    return planned(3)


@pytest.fixture
def run(capsys):
    def run(*args) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            main([str(arg) for arg in args])
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    return run


def test_failed_and_diverged_trials_are_pending_again(study, run):
    plan, folder = study
    failed, diverged, other = plan.trials
    folder.run(failed.train_id).write_state("completed", step=12)
    job = folder.run(failed.train_id).evaluating(failed.eval_ids[6])
    job.write_state("failed", "OSError: disk is full", step=6)
    folder.run(diverged.train_id).write_state("diverged", "loss nan at step 8", step=8)
    assert [group[0].trial_id for group in unfinished(folder, plan)] == [
        failed.trial_id,
        other.trial_id,
    ]
    code, out, _ = run("retry", folder.folder, failed.trial_id, diverged.trial_id)
    assert code == 0 and "evaluation at step 6 failed: OSError: disk is full; now pending" in out
    assert f"{diverged.trial_id} was diverged: loss nan at step 8; now pending" in out
    assert {row["state"] for row in trial_rows(folder)} == {"pending"}
    assert len(unfinished(folder, plan)) == 3


def test_what_cannot_be_tried_again_is_refused_in_a_line(study, run):
    plan, folder = study
    name = plan.trials[0].trial_id
    code, _, err = run("retry", folder.folder, name[:-1])
    assert code == 2 and f"has no trial {name[:-1]!r}; nearest: {name}" in err
    with leased(folder.folder):
        code, _, err = run("retry", folder.folder, name)
        assert code == 2 and "a sweep works on" in err


def test_no_sweep_to_stop_or_watch(study, run):
    _, folder = study
    code, _, err = run("stop", folder.folder)
    assert code == 2 and err == f"error: no sweep works on {folder.folder}\n"
    code, out, _ = run("status", folder.folder, "--watch")
    assert code == 0 and out.startswith(f"no sweep works on {folder.folder}") and "3 pending" in out
    code, _, err = run("status", folder.folder, "--watch", "--json")
    assert code == 2 and "give one of them" in err
