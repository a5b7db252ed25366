"""Which studies do the analysis tests read? A finished one, one without noise, one half run, a
search of learning rates, and one that a test may change.
"""

import time

import pytest

from scaling.records import StudyFolder
from scaling.study import EvaluationSpec, Protocol
from tests.analysis.networks import GRID, Convolutions, Mixer
from tests.analysis.synthetic_study import (
    BASE,
    PROVENANCE,
    SIZES,
    digits_like,
    measure,
    settle,
    study_of,
    write_study,
)

AXES = {"size": SIZES, "model.patch": [4, 2]}
WIDTHS = (16, 32, 48, 64)
MIXERS = [Mixer(**GRID, width=width) for width in WIDTHS]
CONVOLUTIONS = [Convolutions(**GRID, width=w, kernel=k) for w in WIDTHS for k in (1, 3)]
DITS = [
    BASE.model.model_copy(update={"width": width, "heads": width // 16, "patch": patch})
    for width in WIDTHS
    for patch in (4, 2)
]


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> StudyFolder:
    """12 models x 3 seeds x 5 checkpoints, 6 % noise on each FID."""
    return write_study(tmp_path_factory.mktemp("finished"), digits_like())


@pytest.fixture(scope="session")
def noise_free(tmp_path_factory) -> StudyFolder:
    return write_study(tmp_path_factory.mktemp("noise_free"), digits_like(seeds=2), noise=0.0)


@pytest.fixture(scope="session")
def half_run(tmp_path_factory) -> StudyFolder:
    """One seed, 12 models: 5 completed, by two versions of the code, one diverged, one running, and
    the rest pending.
    """
    plan = digits_like(seeds=1)
    study = StudyFolder(tmp_path_factory.mktemp("half_run") / plan.name)
    study.write_plan(plan)
    for trial in plan.trials[:5]:
        measure(
            study,
            trial,
            0.06,
            code="0.1.0+def456" if trial is plan.trials[0] else PROVENANCE["code"],
        )
    measure(study, plan.trials[5], 0.06, until=200).write_state(
        "diverged", "loss nan at step 231", step=231
    )
    # Its heartbeat lies in the future, so that it counts as running until all tests have ended.
    measure(study, plan.trials[6], 0.06, until=300).write_state(
        "running", step=300, heartbeat=time.time() + 86_400
    )
    return study


@pytest.fixture(scope="session")
def rates(tmp_path_factory) -> StudyFolder:
    """A learning-rate search without FID: 4 sizes x 4 rates at patch 2; the smallest is best at the
    highest.
    """
    base = BASE.model_copy(update={"evaluate": EvaluationSpec(protocol=Protocol(metrics=()))})
    axes = {"size": SIZES, "train.lr": [2.5e-4, 5e-4, 1e-3, 2e-3]}
    return write_study(
        tmp_path_factory.mktemp("rates"), digits_like(axes, seeds=1, base=base, name="digits_lr")
    )


@pytest.fixture
def small(tmp_path) -> StudyFolder:
    """Three trials of one size, of which two are measured. Each test has its own copy, which it may
    change.
    """
    plan = digits_like({"model.patch": [8, 4, 2]}, seeds=1)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    for trial in plan.trials[:2]:
        measure(study, trial, 0.06)
    settle(study)
    return study


@pytest.fixture(scope="session")
def unequal(tmp_path_factory):
    """Three seeds of each model, one of the largest size."""
    plan = digits_like(AXES, seeds=3, name="unequal")
    study = StudyFolder(tmp_path_factory.mktemp("unequal") / plan.name)
    study.write_plan(plan)
    for trial in plan.trials:
        if trial.spec.model.width < 64 or trial.spec.train.seed == 0:
            measure(study, trial, 0.02)
    return study


@pytest.fixture(scope="session")
def mixers(tmp_path_factory) -> StudyFolder:
    """A family of one curve, four rungs, two seeds."""
    plan = digits_like({"model": MIXERS}, seeds=2, name="mixers")
    return write_study(tmp_path_factory.mktemp("mixers"), plan)


@pytest.fixture(scope="session")
def convolutions(tmp_path_factory) -> StudyFolder:
    """A family whose curves are kernels."""
    plan = digits_like({"model": CONVOLUTIONS}, seeds=2, name="convolutions")
    return write_study(tmp_path_factory.mktemp("convolutions"), plan)


@pytest.fixture(scope="session")
def two_families(tmp_path_factory) -> StudyFolder:
    return study_of(tmp_path_factory.mktemp("two"), {"model": DITS + MIXERS}, "two")


@pytest.fixture(scope="session")
def one_curve(tmp_path_factory) -> StudyFolder:
    return study_of(tmp_path_factory.mktemp("one"), {"model": MIXERS}, "one")
