"""Are identities stable and complete, and are specs that cannot be refused with the values?"""

import subprocess
import sys

import pytest

from scaling.study import ModelSpec, TrialSpec
from scaling.study.settings import fields_of, parse_settings, with_settings


def test_identity_is_the_same_in_every_process(tiny):
    code = (
        "from scaling.study import TrialSpec; s = "
        f"TrialSpec.model_validate_json('{tiny.model_dump_json()}'); "
        "print(s.train_id, s.trial_id)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert out == [tiny.train_id, tiny.trial_id]


def test_released_identities_never_change():
    """Records on disk are found by these; a change here orphans every result measured before."""
    spec = TrialSpec(
        model=ModelSpec.preset("DiT-XL/2"), train={"steps": 400_000, "batch": 256, "lr": 1e-4}
    )
    assert (spec.train_id, spec.eval_id(400_000)) == ("bd8951be32c46fb7", "37dc0993ccbe0a90")


@pytest.mark.parametrize(
    "setting",
    [
        {"train.steps": 99},
        {"train.log_every": 7},
        {"train.checkpoint_every": 3},
        {"train.heldout_every": 2},
        {"evaluate.checkpoints": 5},
        {"evaluate.protocol.samples": 50},
        {"evaluate.ema.length": 0.1},
    ],
)
def test_what_does_not_change_the_training_shares_its_identity(tiny, setting):
    assert with_settings(tiny, setting).train_id == tiny.train_id


TRIAL = TrialSpec(  # its fields are those of its model's family
    model=ModelSpec.preset("DiT-S/8"), train={"steps": 100, "batch": 16, "lr": 1e-3}
)
IDENTITY = [
    f
    for f in fields_of(TRIAL)
    if f.split(".")[0] != "evaluate"
    and f
    not in (
        "train.steps",
        "train.log_every",
        "train.checkpoint_every",
        "train.heldout_every",
        "train.emas",
        "data.path",
        "data.heldout_labels",
    )
]
OTHER = {
    "model.family": None,
    "data.source": None,
    "train.cooldown": None,
    "train.schedule": "cosine",
    "model.learn_sigma": None,
    "diffusion.objective": None,  # one goes with the other: test_diffusion_spec.py
    "diffusion.weighting": "min-snr",
    "diffusion.min_snr_gamma": None,
    "diffusion.time_scale": None,  # of a flow alone: test_diffusion_spec.py
    "diffusion.time_shift": None,  # of a flow alone: tests/diffusion/test_time_shift.py
    "diffusion.logit_mean": None,
    "diffusion.logit_std": None,
    "train.precision": "bf16",
    "data.name": None,
    "data.size": None,
    "data.vae": None,
    "data.content": None,
    "data.flip": None,
    "data.upscale": None,
    "data.frames": None,
    "data.width": None,  # no fields of digits: test_data_spec.py
    "model.input_size": 16,
    "model.channels": 3,
    "model.patch": 2,
    "model.width": 32,
    "model.depth": 2,
    "model.heads": 4,
    "model.num_classes": 7,
    "model.mlp_ratio": 2.0,
    "model.conditioning": "adaln",
    "model.norm": "rms",
    "model.qk_norm": True,
    "model.positions": "sincos+rope",
    "model.mlp": "swiglu",
    "model.class_tokens": 2,
    "model.class_tokens_from": None,
    "model.bottleneck": 4,
    "model.head_depth": None,
    "model.head_width": None,
    "model.head_heads": None,  # with others alone: families/dit/test_variant.py
    "model.frames": 2,
    "model.patch_t": None,  # of several frames alone: tests/models/test_dit_video.py
    "model.input_width": 4,
    "diffusion.prediction": None,
    "diffusion.loss_in": None,  # of a flow alone: tests/diffusion/test_prediction.py
    "diffusion.timesteps": 500,
    "diffusion.beta_start": 2e-4,
    "diffusion.beta_end": 1e-2,
    "diffusion.beta_schedule": "scaled_linear",
    "train.optimiser": "muon",
    "train.batch": 8,
    "train.lr": 1e-3,
    "train.betas": (0.9, 0.95),
    "train.weight_decay": 0.1,
    "train.warmup_steps": 5,
    "train.grad_clip": 1.0,
    "train.label_dropout": 0.2,
    "train.seed": 1,
    "train.seeds.init": 1,
    "train.seeds.order": 1,
    "train.seeds.noise": 1,
    "train.init": {"path": "c.pt", "content": "0" * 16},
}


def test_every_field_is_either_identity_or_declared_not_to_be():
    assert set(IDENTITY) == set(OTHER)


@pytest.mark.parametrize("field", [f for f in OTHER if OTHER[f] is not None])
def test_what_changes_the_training_changes_its_identity(tiny, field):
    assert with_settings(tiny, {field: OTHER[field]}).train_id != tiny.train_id


def test_equal_numbers_written_differently_are_one_trial(tiny):
    assert (
        with_settings(tiny, {"train.lr": 0.003}).trial_id
        == with_settings(tiny, {"train.lr": 3e-3}).trial_id
    )
    assert with_settings(tiny, parse_settings(["train.weight_decay=0"])).trial_id == tiny.trial_id


def test_unnamed_features_follow_the_data_through_every_setting(tiny):
    """A released identity names the features, so digits keep theirs; named ones stay."""

    def features(trial: TrialSpec) -> str:
        return trial.evaluate.protocol.features

    photographs = with_settings(tiny, {"data.source": "cifar10", "train.steps": 9})
    assert (features(tiny), features(photographs)) == ("digits-cnn", "inception")
    assert features(with_settings(photographs, {"train.lr": 1.0})) == "inception"
    assert with_settings(photographs, {"data.source": "digits", "train.steps": 12}) == tiny
    named = with_settings(tiny, {"evaluate.protocol.features": "digits-cnn"})
    assert named.eval_id(12) == tiny.eval_id(12)
    assert features(with_settings(named, {"data.source": "cifar10"})) == "digits-cnn"
    again = TrialSpec.model_validate_json(photographs.model_dump_json())
    assert again.eval_id(9) == photographs.eval_id(9) and features(again) == "inception"
