"""Is an average longer than its training told, and refused before anything is spent?"""

import pytest
import torch

from analysis.report import report_data
from scaling.launch import dry_run, preflight
from scaling.progress import show_plan
from scaling.study import Ema, Plan, Study
from scaling.study.execution import Execution
from scaling.study.planning.averages import averages_told, check_averages, initial_share
from scaling.study.settings import with_settings
from scaling.training.ema import EmaWeights
from tests.analysis.synthetic_study import write_study


def plan_of(tiny, kind: str, length: float, **fields) -> Plan:
    ema = {"evaluate.ema.kind": kind, "evaluate.ema.length": length}
    trial = with_settings(tiny, ema | fields)
    return Plan.of(Study(name="test", question="?", expectation="!", trials=(trial,)))


@pytest.mark.parametrize("ema", [Ema(kind="decay", length=0.9), Ema(kind="power", length=0.05)])
def test_the_share_is_what_is_left_of_the_initial_weights(ema):
    weights = torch.ones(1)
    average = EmaWeights(ema, [weights])
    weights.zero_()
    for step in range(1, 8):
        average.update(step)
        assert float(average.average[0]) == pytest.approx(initial_share(ema, step), abs=1e-6)


def test_an_average_that_is_the_initial_weights_is_refused(tiny, tmp_path):
    plan = plan_of(tiny, "decay", 0.9999)
    says = r"100% of the average ema-decay-0.9999 is the initial weights at step 12 \(1 trial\)"
    with pytest.raises(ValueError, match=says) as error:
        preflight.check_trials(plan)
    assert "\n" not in str(error.value) and "evaluate.ema.length=0.05" in str(error.value)
    with pytest.raises(ValueError, match=says):
        dry_run.check(plan, tmp_path, None, 0.0, Execution())


def test_one_that_is_partly_so_is_told_before_and_on_the_page(tiny, tmp_path, capsys):
    plan = plan_of(tiny, "decay", 0.7)  # 12 % at the first checkpoint, 1 % at the last
    check_averages(plan)
    (told,) = averages_told(plan)
    assert told.startswith("12% of the average ema-decay-0.7 is the initial weights at step 6")
    show_plan(plan)
    assert told in capsys.readouterr().out
    assert told in report_data(write_study(tmp_path, plan))["warnings"]
    assert averages_told(plan_of(tiny, "power", 0.05)) == []
    assert averages_told(plan_of(tiny, "none", 0)) == []
