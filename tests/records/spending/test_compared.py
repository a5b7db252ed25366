"""Is what a training took held against what was forecast, with null where either is not known?"""

import json

import pytest

from scaling.cli import main
from scaling.records import StudyFolder, trial_rows
from scaling.records.spending.compared import (
    COLUMNS,
    compared,
    ratio,
    total,
    total_text,
    with_hours,
)
from scaling.records.spending.expected import FILE, add_expected
from scaling.study import Plan, Study
from scaling.study.settings import with_settings
from tests import written
from tests.records.spending.test_account import session, write


@pytest.fixture
def study(tmp_path, tiny) -> StudyFolder:
    """Three trainings: two completed, of 0.5 h and twice 0.25 h each, the third not begun."""
    trials = tuple(with_settings(tiny, {"train.seed": seed}) for seed in range(3))
    plan = Plan.of(Study(name="three", question="?", expectation="!", trials=trials))
    folder = StudyFolder(tmp_path / "three")
    folder.write_plan(plan)
    for trial in plan.trials[:2]:
        run = folder.run(trial.train_id)
        run.folder.mkdir(parents=True)
        write(run, session(0, 1800, devices=1.0))
        for step, eval_id in trial.eval_ids.items():
            run.write_evaluation(eval_id, written.evaluation(trial.spec, step, wall_s=900.0))
    return folder


def forecast(study: StudyFolder, *hours: float) -> None:
    """Each training's GPU-hours were forecast, half of them of measuring."""
    add_expected(
        study.folder,
        {
            trial.train_id: {
                **{"train_gpu_hours": each / 2, "measure_gpu_hours": each / 2},
                **{"steps": 12, "evaluations": 2, "basis": "a guess"},
            }
            for trial, each in zip(study.plan().trials, hours)
        },
    )


def test_records_without_a_forecast_have_none(study):
    rows = compared(study)
    assert [row.completed for row in rows] == [True, True, False]
    assert (rows[0].train_gpu_hours, rows[0].measure_gpu_hours) == pytest.approx((0.5, 0.5))
    assert rows[2].train_gpu_hours is None and rows[2].measure_gpu_hours is None
    assert all(row.train_gpu_hours_forecast is None for row in rows)
    assert ratio(rows) is None and total(rows) is None and total_text(rows) is None


def test_the_total_is_of_what_is_completed_and_the_worst_is_furthest_either_way(study):
    forecast(study, 2.5, 0.5, 9.0)
    rows = compared(study)
    assert [row.ratio for row in rows] == pytest.approx([0.4, 2.0, None])
    found = total(rows)
    assert (found.trainings, found.ratio) == (2, pytest.approx(2 / 3))
    assert found.worst.train_id == rows[0].train_id
    assert total_text(rows) == (
        "2 completed trainings took 2 GPU-hours, 0.67 times the 3 that were forecast by a guess; "
        f"the worst is {rows[0].trial_id}, 0.40 times"
    )


def test_a_forecast_of_fewer_evaluations_is_not_compared(study, tiny):
    forecast(study, 1.0)
    more = with_settings(tiny, {"train.seed": 0, "evaluate.protocol.samples": 160})
    trials = (*(trial.spec for trial in study.plan().trials), more)
    plan = Plan.of(Study(name="three", question="?", expectation="!", trials=trials))
    assert all(row.basis is None for row in compared(study, plan))


def test_every_trial_has_the_hours_of_its_training(study, capsys):
    forecast(study, 1.0)
    rows = with_hours(trial_rows(study), compared(study))
    assert [tuple(row[name] for name in COLUMNS) for row in rows] == [
        pytest.approx((0.5, 0.5, 0.5, 0.5)),
        (0.5, None, 0.5, None),
        (None, None, None, None),
    ]
    with pytest.raises(SystemExit):
        main(["status", str(study.folder), "--json"])
    assert json.loads(capsys.readouterr().out) == rows
    with pytest.raises(SystemExit):
        main(["status", str(study.folder)])
    assert "1.00 times the 1 that were forecast by a guess" in capsys.readouterr().out


def test_a_damaged_forecast_leaves_the_rest(study):
    (study.folder / FILE).write_text("{")
    assert compared(study)[0].train_gpu_hours == 0.5
