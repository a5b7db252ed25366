"""Do placement and memory leave the result alone, and does running out of memory not end a
training?
"""

import itertools
import math

import pytest
import torch

from scaling.launch.trial import run_trials
from scaling.models.precision import check_precision
from scaling.records import Run
from scaling.study.devices import mfu, peak_flops
from scaling.study.execution import Execution
from scaling.study.schedule import learning_rate
from scaling.study.settings import with_settings
from scaling.training import Trainer, checkpoint


def losses(spec, execution=None, steps=12):
    trainer, lines = Trainer(spec, [spec.evaluate.ema], execution=execution), []
    trainer.train_to(steps, lines.append)
    return trainer, [line["loss"] for line in lines]


@pytest.mark.parametrize("size", [1, 5, 8, 100])
def test_micro_batches_change_the_result_by_rounding_alone(tiny, size):
    spec = with_settings(tiny, {"train.log_every": 1})
    _, whole = losses(spec)
    _, parts = losses(spec, Execution(micro_batch=size))
    assert parts == pytest.approx(whole, rel=1e-5)


def test_activation_checkpointing_changes_nothing(tiny):
    assert losses(tiny, Execution(activation_checkpointing=True))[1] == pytest.approx(
        losses(tiny)[1], rel=1e-6
    )


def test_out_of_memory_halves_the_micro_batch_and_the_record_says_so(tmp_path, tiny, monkeypatch):
    """A device that holds 5 images at once: 16, then 8, then 4, in the middle of a step's gradients
    too.
    """
    forward = torch.nn.Module.__call__

    def crowded(self, *args):
        if type(self).__name__ == "DiT" and self.training and len(args[0]) > 5:
            raise torch.OutOfMemoryError("out of memory")
        return forward(self, *args)

    spec = with_settings(tiny, {"train.log_every": 1})
    _, expected = losses(spec)
    monkeypatch.setattr(torch.nn.Module, "__call__", crowded)
    run = Run(tmp_path)
    assert run_trials([spec], run, lambda progress: None) == "completed"
    assert [line["loss"] for line in run.curve()] == pytest.approx(expected, rel=1e-5)
    (session,) = run.record()["sessions"]
    assert session["out_of_memory"] == [
        {"step": 1, "micro_batch": 16, "went_on_with": 8},
        {"step": 1, "micro_batch": 8, "went_on_with": 4},
    ]


def test_one_image_that_does_not_fit_is_an_error(tiny, monkeypatch):
    def full(*args):
        raise torch.OutOfMemoryError("out of memory")

    trainer = Trainer(tiny, [])
    monkeypatch.setattr(trainer.process, "q_sample", full)
    with pytest.raises(torch.OutOfMemoryError):
        trainer.train_to(1, lambda line: None)


def test_bf16_keeps_weights_and_averages_in_fp32_and_learns_as_fp32_does(tiny):
    half, lower = losses(with_settings(tiny, {"train.precision": "bf16"}))
    _, full = losses(tiny)
    assert (
        {p.dtype for p in half.params} == {a.dtype for a in half.emas[0].average} == {torch.float32}
    )
    assert lower == pytest.approx(full, rel=0.02) and lower != full


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


def test_more_averages_are_kept_on_demand_and_are_no_identity(tmp_path, tiny):
    more = with_settings(
        tiny, {"train.emas": [{"kind": "decay", "length": 0.9}, {"kind": "power", "length": 0.1}]}
    )
    assert more.train_id == tiny.train_id
    run_trials([more], Run(tmp_path), lambda progress: None)
    assert set(checkpoint.load(Run(tmp_path).checkpoints, 12).emas) == {
        "ema-power-0.05",
        "ema-power-0.1",
        "ema-decay-0.9",
    }
