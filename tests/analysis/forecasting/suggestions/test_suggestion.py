"""Does a suggestion say what to run, its price and what is expected of it, in each form alike?"""

import json

import numpy as np
import pytest

from analysis.forecasting.forecast import NoiseDeviations
from analysis.forecasting.suggestions.suggestion import Suggested, Suggestion
from analysis.forecasting.targets import Target
from scaling.study import EvaluationSpec, ModelSpec, Protocol, TrainSpec, TrialSpec

MODEL = ModelSpec(input_size=8, channels=1, patch=4, width=16, depth=1, heads=2, num_classes=10)


def suggested(reach: float = 3.0, **fields) -> Suggestion:
    """A new training of 12 steps, and then the same on to 24."""
    train = TrainSpec(steps=12, batch=16, lr=3e-3)
    protocol = Protocol(samples=80, sampling_steps=3)
    first = TrialSpec(
        model=MODEL, train=train, evaluate=EvaluationSpec(checkpoints=1, protocol=protocol)
    )
    second = first.model_copy(update={"train": train.model_copy(update={"steps": 24})})
    runs = (Suggested(first, (12,), 0, 1.5, 0.5), Suggested(second, (24,), 12, 0.5, 0.2))
    given = {"study": "two", "source": "two", "budget": 3.0, "mfu": 0.4, "weights": {"power": 1.0}}
    low, high = 8 * np.exp([-0.4, 0.4])
    return Suggestion(
        **given | fields,
        target=Target(MODEL, 4000),
        fid=8.0,
        interval=(low, high),
        width=0.8,
        noise=NoiseDeviations(),
        runs=runs,
        reach=reach,
    )


def test_hours_and_the_expected_interval_are_those_after_all_have_run():
    found = suggested()
    assert found.gpu_hours == 2.0
    assert np.log(found.expected) == pytest.approx([np.log(8) - 0.1, np.log(8) + 0.1])


def test_each_row_of_the_table_narrows_what_the_row_before_left():
    rows = suggested().table().to_dicts()
    assert [(row["width_now"], row["width_after"]) for row in rows] == [(0.8, 0.5), (0.5, 0.2)]
    assert [(row["from_step"], row["steps"]) for row in rows] == [(0, 12), (12, 24)]


def test_json_holds_what_the_terminal_says():
    found = suggested(diverged=("DiT-d2w16/4",))
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["target"] == f"{MODEL.name}@4000" and told["gpu_hours"] == 2.0
    assert told["expected_interval"] == pytest.approx(found.expected)
    assert [run["gpu_hours"] for run in told["runs"]] == [1.5, 0.5]
    lines = found.lines().splitlines()
    assert lines[0].startswith(f"{MODEL.name}@4000: FID 8.00, 95 % [5.36, 11.9] now")
    assert "Left out, for that training diverged: DiT-d2w16/4" in lines
    assert lines[-1].startswith("2.00 of 3.00 GPU-hours") and "40% MFU" in lines[-1]


@pytest.mark.parametrize(("reach", "said"), [(3.0, False), (100.0, True)])
def test_a_target_far_beyond_the_data_is_told_as_that(reach, said):
    assert ("reaches 100 times the training compute" in suggested(reach).lines()) == said
