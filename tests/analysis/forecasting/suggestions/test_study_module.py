"""Does a suggestion's module plan as suggested, and leave other files alone?"""

import json

import pytest

from analysis.forecasting.suggestions.suggest import suggest
from scaling import cli
from scaling.study import Plan, load_study

TARGET, BUDGET = "DiT-d3w64/2@2000", 4e-7


def test_the_module_plans_as_suggested(finished, tmp_path, capsys):
    path = tmp_path / "next.py"
    with pytest.raises(SystemExit) as ended:
        cli.main(
            [
                "suggest",
                str(finished.folder),
                "--target",
                TARGET,
                "--gpu-hours",
                str(BUDGET),
                "--out",
                str(path),
                "--json",
            ]
        )
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    plan = Plan.of(load_study(str(path)))
    longest = {}
    for trial in plan.trials:
        longest[trial.train_id] = max(longest.get(trial.train_id, 0), trial.spec.train.steps)
    suggested = {}
    for run in suggest(finished, TARGET, BUDGET).runs:
        suggested[run.trial.train_id] = run.trial.train.steps
    assert longest == suggested
    assert told["gpu_hours"] <= told["budget_gpu_hours"] == BUDGET and told["module"] == str(path)
    assert "Price:" in path.read_text() and "Expected:" in path.read_text()
    with pytest.raises(SystemExit) as ended:
        cli.main(["sweep", str(path), "--dry-run"])
    assert ended.value.code == 0


def test_a_module_is_not_written_over(finished, tmp_path, capsys):
    path = tmp_path / "next.py"
    path.write_text("mine")
    with pytest.raises(SystemExit) as ended:
        cli.main(
            [
                "suggest",
                str(finished.folder),
                "--target",
                TARGET,
                "--gpu-hours",
                "1",
                "--out",
                str(path),
            ]
        )
    assert ended.value.code == 2 and "exists" in capsys.readouterr().err
    assert path.read_text() == "mine"
