"""Does a forecast charge everything once, and add up?"""

import pytest

from scaling.study import Plan, Study, load_study
from scaling.study.planning.devices import GPU_TYPES, PEAK_TFLOPS
from scaling.study.planning.forecast import at_mfu, forecast
from scaling.study.planning.speed import Speed
from scaling.study.settings import with_settings

SLOW = Speed(train_flops_per_s=1e9, sampling_flops_per_s=1e9)


def priced(*trials, gpus=1, speed=SLOW):
    plan = Plan.of(Study(name="test", question="?", expectation="!", trials=trials))
    return plan, forecast(plan, gpus, lambda precision: speed)


def test_the_papers_grid_costs_what_its_docstring_says():
    told = forecast(Plan.of(load_study("dit_imagenet256")), 1, at_mfu(GPU_TYPES["h100"], 0.4))
    assert sum(t.train_hours for t in told.trials) == pytest.approx(129, abs=0.5)
    peak = 0.4 * PEAK_TFLOPS[GPU_TYPES["h100"].device]["tf32"] * 1e12
    assert sum(t.sampling_flops for t in told.trials) / peak / 3600 == pytest.approx(84, abs=0.5)
    assert told.gpu_hours == pytest.approx(told.makespan_hours)
    assert told.makespan_hours == pytest.approx(told.makespan_lower_bound_hours)
    low, high = told.gpu_hours_interval
    assert low < told.gpu_hours < high


def test_what_trials_share_is_charged_once(tiny):
    longer = with_settings(tiny, {"train.steps": 24})
    plan, told = priced(tiny, longer)
    assert sum(t.train_flops for t in told.trials) == pytest.approx(plan.train_flops)
    short, long = told.trials
    assert short.train_flops == 0 and long.train_flops == pytest.approx(plan.train_flops)
    # step 12 is measured by both and paid for once: steps 6 and 12, then 12 and 24
    assert short.sampling_flops + long.sampling_flops == pytest.approx(
        3 * (long.sampling_flops / 2)
    )
    branches = [
        with_settings(tiny, {"train.schedule": "wsd", "train.cooldown": 0.25, "train.steps": n})
        for n in (8, 12)
    ]
    plan, told = priced(*branches, gpus=2)
    assert sum(t.train_flops for t in told.trials) == pytest.approx(plan.train_flops)
    assert told.trials[0].start_hours > 0  # after the trunk, which the dearer one trains


def test_hours_are_flops_over_speed(tiny):
    plan, told = priced(tiny)
    (trial,) = told.trials
    measuring = trial.sampling_flops + trial.decoder_flops + trial.feature_flops
    assert trial.train_hours == pytest.approx(plan.train_flops / 1e9 / 3600)
    assert trial.measure_hours == pytest.approx(measuring / 1e9 / 3600)
    assert told.gpu_hours == trial.gpu_hours == trial.train_hours + trial.measure_hours
    floors = Speed(train_flops_per_s=1e30, step_s=1, sampling_flops_per_s=1e30, evaluation_s=10)
    (trial,) = priced(tiny, speed=floors)[1].trials
    assert trial.gpu_hours * 3600 == pytest.approx(12 + 2 * 10)


def test_a_plan_over_its_budget_is_refused_by_its_dearest_trials(tiny):
    wide = with_settings(tiny, {"model.width": 64})
    plan, told = priced(tiny, wide)
    told.check_budget(told.gpu_hours)
    with pytest.raises(ValueError, match=f"its dearest trials are {plan.trials[1].trial_id}"):
        told.check_budget(told.gpu_hours * 0.99)


@pytest.mark.parametrize("mfu", [0, -0.1, 1.1, float("nan")])
def test_no_utilisation_is_refused(mfu):
    with pytest.raises(ValueError, match="--mfu"):
        at_mfu(GPU_TYPES["h100"], mfu)


def test_every_kind_of_gpu_has_a_peak():
    assert {kind.device for kind in GPU_TYPES.values()} <= PEAK_TFLOPS.keys()
