"""Does the same sweep end as an undisturbed one, whatever was done to a file of a killed one?

``make chaos`` does the same, and more, to sweeps on real Ray while they run.
"""

import os
import shutil
import signal

import pytest

from scaling.launch.trials.trial import run_trials
from scaling.records import Run, StudyFolder, trial_rows
from scaling.records.damage import damaged_files, unknown_keys
from scaling.study import Plan, Study
from scaling.study.settings import with_settings
from scaling.sweep import begin, unfinished
from scaling.training import checkpoint
from tests.chaos.file_faults import FILE_FAULTS, LOSES_LINES
from tests.chaos.outcome import Outcome, litter
from tests.training.forks import FORKS

pytestmark = pytest.mark.xdist_group("forks")  # one worker starts the server
KILLED_AT = 8  # the step whose checkpoint a kill interrupts; one is measured by then


@pytest.fixture(scope="module")
def plan(tiny):
    spec = with_settings(tiny, {"train.checkpoint_every": 2, "train.log_every": 2})
    return Plan.of(Study(name="chaos", question="?", expectation="!", trials=(spec,)))


def swept(study: StudyFolder, plan: Plan) -> None:
    """What a sweep does, without Ray."""
    begin(study, plan, damaged_files(study, plan))
    for group in unfinished(study, plan):
        specs = [trial.spec for trial in group]
        run_trials(specs, study.run(group[0].train_id), lambda progress: None)


def _die(plan: Plan, folder) -> None:
    write = checkpoint.save

    def save(root, **snapshot):
        if snapshot["step"] == KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return write(root, **snapshot)

    checkpoint.save = save
    swept(StudyFolder(folder), plan)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, plan) -> Outcome:
    study = StudyFolder(tmp_path_factory.mktemp("undisturbed") / "chaos")
    swept(study, plan)
    return Outcome.of(study, plan)


@pytest.fixture(scope="module")
def killed(tmp_path_factory, plan):
    folder = tmp_path_factory.mktemp("killed") / "chaos"
    process = FORKS.Process(target=_die, args=(plan, folder))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return folder


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_a_killed_sweep_whose_files_were_harmed_ends_as_an_undisturbed_one(
    fault, killed, undisturbed, plan, tmp_path, capsys
):
    shutil.copytree(killed.parent, tmp_path / "results")
    study = StudyFolder(tmp_path / "results" / killed.name)
    run: Run = study.run(plan.trials[0].train_id)
    FILE_FAULTS[fault](study, run)
    swept(study, plan)
    (row,) = trial_rows(study)
    ended = Outcome.of(study, plan)
    assert row["state"] == "completed" and not ended.differing(undisturbed)
    if fault in LOSES_LINES and (lost := ended.lost(undisturbed)):
        assert f"lacks {lost} of " in row["why"]
    else:
        assert not ended.lost(undisturbed) and row["why"] is None
    assert not litter(tmp_path / "results")
    assert not unknown_keys(study, plan)  # what is written has its place in a shape
    # again, nothing is left to do
    assert not unfinished(study, plan) and not damaged_files(study, plan)
