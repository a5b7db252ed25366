"""Is it told rightly how a training stands with its evaluations, and whether its trunk comes?"""

import time

import pytest

from scaling.launch.tasks.job import Job
from scaling.launch.tasks.standing import BEGINS_S, standing, trunk_is_coming
from scaling.records import Run
from scaling.records.state.file import STALE_AFTER_S
from scaling.study.planning.plan import PlannedTrial


@pytest.mark.parametrize(
    "state, silent, since, comes",
    [
        ({"state": "running", "step": 3}, 0, 1e4, True),  # however long it takes
        ({"state": "running", "step": 6}, 0, 0, False),
        ({"state": "running", "step": 3}, STALE_AFTER_S + 1, 0, False),
        ({"state": "completed", "step": 9}, 0, 0, False),
        # by an earlier sweep; this one is about to go on
        ({"state": "stopped", "step": 3}, 0, 0, True),
        ({"state": "stopped", "step": 3}, 0, BEGINS_S + 1, False),  # nobody does
        (None, 0, 0, True),
    ],
)
def test_a_trunk_is_coming_while_another_trains_it(
    state, silent, since, comes, tmp_path, monkeypatch
):
    trunk, now = Run(tmp_path), time.time()
    if state:
        monkeypatch.setattr(time, "time", lambda: now - silent)
        trunk.write_state(**state)
    monkeypatch.setattr(time, "time", lambda: now)
    assert trunk_is_coming(trunk, 6, now - since) == comes


@pytest.mark.parametrize(
    "state, evaluating, failed, told",
    [
        ("running", True, None, "running"),
        ("completed", True, "out of disk", "evaluating"),  # and says already why one failed
        ("completed", False, "out of disk", "failed"),
        ("completed", False, None, "completed"),
    ],
)
def test_a_training_is_completed_once_its_evaluations_are(
    state, evaluating, failed, told, tmp_path, tiny
):
    job = Job(study="test", trials=(PlannedTrial.of(tiny),), run_folder=str(tmp_path))
    job.run.write_state(state, step=3, loss=0.5)
    found = standing(job, job.run.state(), evaluating, failed)
    # what was not measured yet is left out
    assert found == {"state": told, "why": failed, "step": 3, "loss": 0.5}
