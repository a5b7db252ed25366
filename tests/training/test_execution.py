"""Is a device, batch or schedule that cannot be refused; are rates and utilisation as stated?"""

import itertools
import math

import pytest
import torch

from scaling.models.precision import check_precision
from scaling.study.execution import Execution
from scaling.study.planning.devices import mfu, peak_flops
from scaling.study.settings import with_settings
from scaling.study.specs.schedule import learning_rate


def test_a_precision_the_device_lacks_is_refused(monkeypatch):
    check_precision("bf16", "cpu")  # torch computes it in software where the CPU cannot
    with pytest.raises(ValueError, match="tf32 is a mode of NVIDIA GPUs"):
        check_precision("tf32", "cpu")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla V100")
    with pytest.raises(
        ValueError, match=r"bf16 needs .* 8.0, Tesla V100 has 7.0; set train.precision=fp32"
    ):
        check_precision("bf16", "cuda")


def test_a_batch_that_does_not_divide_is_refused():
    Execution(workers=4).check_batch(256)
    with pytest.raises(ValueError, match="256 images does not divide among 3 workers"):
        Execution(workers=3).check_batch(256)


def test_mfu_is_the_fraction_of_a_known_peak_and_else_unknown():
    assert (
        peak_flops("NVIDIA H100 80GB HBM3", "bf16") == 989.4e12
        and peak_flops("NVIDIA H100 PCIe", "bf16") == 756e12
    )
    assert peak_flops("NVIDIA L40S", "tf32") == 183e12
    assert all(
        peak_flops(name, "fp32") is None
        for name in ("cpu", "NVIDIA L40", "NVIDIA A10G", "NVIDIA B300", "Tesla T4")
    )
    assert mfu(100, 989.4e10, "NVIDIA H100 80GB HBM3", "bf16", devices=2) == pytest.approx(0.5)
    assert mfu(100, 1e9, "cpu", "fp32") is None


def test_rates_of_the_schedules(tiny):
    def rates(**fields):
        spec = with_settings(
            tiny,
            {"train.steps": 100, "train.lr": 1.0, **{f"train.{k}": v for k, v in fields.items()}},
        )
        return [learning_rate(spec.train, step) for step in range(100)]

    assert rates() == [1.0] * 100
    warm = rates(warmup_steps=10)
    assert warm[:10] == pytest.approx([(k + 1) / 10 for k in range(10)]) and set(warm[10:]) == {1.0}
    cosine = rates(schedule="cosine", warmup_steps=20)
    assert (
        cosine[19:21] == [1.0, 1.0] and cosine[60] == pytest.approx(0.5) and 0 < cosine[99] < 1e-3
    )
    wsd = rates(schedule="wsd", cooldown=0.25)
    assert set(wsd[:76]) == {1.0} and wsd[99] == pytest.approx(1 - math.sqrt(24 / 25))
    assert all(a > b > 0 for a, b in itertools.pairwise(wsd[75:]))


def test_a_cooldown_that_cannot_be_is_refused(tiny):
    for setting, says in (
        ({"train.cooldown": 0.3}, "belongs to the schedule 'wsd'"),
        ({"train.schedule": "wsd", "train.warmup_steps": 11}, "not after the warmup of 11"),
        ({"train.schedule": "wsd", "train.cooldown": 0.01}, "begins at step 12"),
    ):
        with pytest.raises(ValueError, match=says):
            with_settings(tiny, setting)
