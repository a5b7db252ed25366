"""A study whose largest size is planned and not run, to be predicted."""

import pytest

from scaling.records import StudyFolder
from tests.analysis.synthetic_study import digits_like, measure


@pytest.fixture
def held_out(tmp_path):
    """Three of four sizes measured, the largest planned and not run."""
    plan = digits_like(seeds=2)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    for trial in plan.trials:
        if trial.spec.model.width < 64:
            measure(study, trial, noise=0.02)
    return study
