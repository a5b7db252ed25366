"""Is every objective trained, and do micro-batches, precision and memory leave the result alone?"""

import pytest
import torch

from scaling.launch.trials.trial import run_trials
from scaling.records import Run
from scaling.study.execution import Execution
from scaling.study.settings import with_settings
from scaling.training import Trainer, checkpoint
from scaling.training.heldout import BINS


@pytest.mark.parametrize("objective", ["ddpm", "epsilon", "flow"])
@pytest.mark.parametrize("weighting", ["uniform", "logit-normal"])
def test_each_objective_learns(tiny, objective, weighting):
    spec = with_settings(
        tiny,
        {
            "diffusion.objective": objective,
            "model.learn_sigma": objective == "ddpm",
            "diffusion.weighting": weighting,
        },
    )
    trainer, lines = Trainer(spec, [spec.evaluate.ema]), []
    before = trainer.heldout(spec.evaluate.ema)["heldout_mse"]
    trainer.train_to(60, lines.append)
    assert trainer.heldout(spec.evaluate.ema)["heldout_mse"] < 0.9 * before
    assert len(lines[-1]["heldout_bins"]) == BINS


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


@pytest.mark.parametrize(
    "execution, at_once",
    [
        ({}, 16),
        ({"workers": 4, "min_workers": 1}, 4),  # fewer take more passes, and no more memory
        ({"workers": 3, "min_workers": 1}, 6),
        ({"workers": 4, "micro_batch": 5}, 5),
        ({"micro_batch": 99}, 16),
    ],
)
def test_one_worker_of_several_that_are_wanted_computes_as_many_images_at_once(
    tiny, execution, at_once
):
    assert Trainer(tiny, [], execution=Execution(**execution)).micro_batch == at_once


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
