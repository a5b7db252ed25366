"""What do tests of boards share? A study of two trials, its records, and a board in memory."""

import pytest

from scaling.records import StudyFolder
from scaling.study import Plan, Study
from scaling.study.settings import with_settings
from tests.written import evaluation, line


@pytest.fixture
def study(tmp_path, tiny) -> StudyFolder:
    """Two trainings of 12 steps; the first has three lines and its evaluation at step 6."""
    trials = tuple(with_settings(tiny, {"train.seed": seed}) for seed in range(2))
    plan = Plan.of(Study(name="two", question="?", expectation="!", trials=trials))
    folder = StudyFolder(tmp_path / "two")
    folder.write_plan(plan)
    run = folder.run(plan.trials[0].train_id)
    for trial in plan.trials:
        folder.run(trial.train_id).folder.mkdir(parents=True)
    for step in (5, 10, 12):
        run.log(line(step, 1 / step, heldout_loss=0.25, heldout_ema="ema-power-0.05"))
    write_fid(folder, 6, 31.5)
    return folder


def write_fid(study: StudyFolder, step: int, value: float | None) -> None:
    trial = study.plan().trials[0]
    figure = {"metric": "fid", "value": value, "reference": "train", "label": "FID-80, vs train"}
    run = study.run(trial.train_id)
    run.write_evaluation(trial.eval_ids[step], evaluation(trial.spec, step, figures=[figure]))
