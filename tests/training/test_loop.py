"""Is every objective trained, and do checkpointing of activations and precision leave the result
alone?
"""

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


def test_activation_checkpointing_changes_nothing(tiny):
    assert losses(tiny, Execution(activation_checkpointing=True))[1] == pytest.approx(
        losses(tiny)[1], rel=1e-6
    )


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
