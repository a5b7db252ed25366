"""Are identities stable and complete, and are specs that cannot be refused with the values?"""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from scaling.study import DataSpec, EvaluationSpec, ModelSpec, TrialSpec
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
    )
]
OTHER = {
    "model.family": None,
    "data.source": None,
    "train.cooldown": None,
    "train.schedule": "cosine",
    "model.learn_sigma": None,
    "diffusion.objective": None,  # one goes with the other: below
    "diffusion.weighting": "min-snr",
    "diffusion.min_snr_gamma": None,
    "diffusion.logit_mean": None,
    "diffusion.logit_std": None,
    "train.precision": "bf16",
    "data.name": None,
    "data.size": None,
    "data.vae": None,
    "data.content": None,
    "data.flip": None,
    "data.upscale": None,  # no fields of digits: below
    "model.input_size": 16,
    "model.channels": 3,
    "model.patch": 2,
    "model.width": 32,
    "model.depth": 2,
    "model.heads": 4,
    "model.num_classes": 7,
    "model.mlp_ratio": 2.0,
    "model.conditioning": "adaln",
    "diffusion.timesteps": 500,
    "diffusion.beta_start": 2e-4,
    "diffusion.beta_end": 1e-2,
    "train.batch": 8,
    "train.lr": 1e-3,
    "train.betas": (0.9, 0.95),
    "train.weight_decay": 0.1,
    "train.warmup_steps": 5,
    "train.grad_clip": 1.0,
    "train.label_dropout": 0.2,
    "train.seed": 1,
}


def test_every_field_is_either_identity_or_declared_not_to_be():
    assert set(IDENTITY) == set(OTHER)


@pytest.mark.parametrize("field", [f for f in OTHER if OTHER[f] is not None])
def test_what_changes_the_training_changes_its_identity(tiny, field):
    assert with_settings(tiny, {field: OTHER[field]}).train_id != tiny.train_id


EPSILON, FLOW = (
    {"model.learn_sigma": False, "diffusion.objective": o} for o in ("epsilon", "flow")
)
LOGIT, MIN_SNR = ({"diffusion.weighting": w} for w in ("logit-normal", "min-snr"))


def test_what_is_learned_and_how_times_count_are_identity(tiny):
    specs = [
        tiny,
        *(
            with_settings(tiny, s)
            for s in (
                EPSILON,
                FLOW,
                LOGIT,
                FLOW | LOGIT,
                MIN_SNR,
                MIN_SNR | {"diffusion.min_snr_gamma": 1.0},
                LOGIT | {"diffusion.logit_mean": 0.5},
                LOGIT | {"diffusion.logit_std": 0.5},
            )
        ),
    ]
    assert len({spec.train_id for spec in specs}) == len(specs)


@pytest.mark.parametrize(
    "setting, says",
    [
        (
            {"model.learn_sigma": False},
            "set model.learn_sigma=true, or diffusion.objective to epsilon or flow",
        ),
        (
            {"diffusion.objective": "flow"},
            "'flow' has no sigma, but model.learn_sigma is true; set model.learn_sigma=false",
        ),
        (FLOW | MIN_SNR, "a flow predicts velocity"),
        (FLOW | {"diffusion.timesteps": 500}, "timesteps 500 belongs to a diffusion"),
        ({"diffusion.min_snr_gamma": 1.0}, "belongs to min-snr"),
        ({"diffusion.logit_std": 2.0}, "belongs to logit-normal"),
    ],
)
def test_objectives_that_contradict_themselves_are_refused(tiny, setting, says):
    with pytest.raises(ValueError, match=says) as error:
        with_settings(tiny, setting)
    assert "\n" not in str(error.value)


def test_equal_numbers_written_differently_are_one_trial(tiny):
    assert (
        with_settings(tiny, {"train.lr": 0.003}).trial_id
        == with_settings(tiny, {"train.lr": 3e-3}).trial_id
    )
    assert with_settings(tiny, parse_settings(["train.weight_decay=0"])).trial_id == tiny.trial_id


def test_evaluated_steps_are_even_and_end_at_the_last():
    assert EvaluationSpec(checkpoints=4).steps(500) == (125, 250, 375, 500)
    assert EvaluationSpec(checkpoints=5).steps(2) == (1, 2)
    assert EvaluationSpec(every=200).steps(500) == (200, 400, 500)


LATENTS = DataSpec(
    source="latents", name="imagenet", size=256, vae="stabilityai/sd-vae-ft-mse", flip=True
)
FOLDER = DataSpec(source="folder", name="flowers", size=64)


def test_where_data_lies_is_no_identity():
    for spec in (LATENTS, FOLDER, DataSpec(), DataSpec(source="cifar10")):
        assert (
            spec.model_copy(update={"path": "/mnt/a"}).identity_fields() == spec.identity_fields()
        )
        assert "path" not in spec.identity_fields()


def test_what_was_there_before_keeps_its_identity():
    assert DataSpec().identity_fields() == {"source": "digits"}


@pytest.mark.parametrize(
    "spec, field, other",
    [
        (LATENTS, "name", "places"),
        (LATENTS, "size", 512),
        (LATENTS, "vae", "stabilityai/sd-vae-ft-ema"),
        (LATENTS, "content", "0123456789abcdef"),
        (LATENTS, "flip", False),
        (FOLDER, "upscale", True),
        (FOLDER, "content", "0123456789abcdef"),
        (DataSpec(source="cifar10"), "source", "cifar100"),
        (DataSpec(source="synthetic", size=256), "size", 512),
    ],
)
def test_what_the_images_are_is_identity(spec, field, other):
    changed = DataSpec(**{**spec.model_dump(), field: other})
    assert changed.identity_fields() != spec.identity_fields()


@pytest.mark.parametrize(
    "fields, says",
    [
        (
            {"source": "latents", "name": "imagenet", "size": 256},
            "'latents' needs a vae; set data.vae",
        ),
        ({"source": "latents", "size": 256, "vae": "x"}, "needs a name"),
        ({"source": "folder", "name": "flowers"}, "'folder' needs a size"),
        (
            {"source": "folder", "name": "flowers", "size": 64, "vae": "x"},
            "'folder' has no vae, got 'x'",
        ),
        ({"source": "cifar10", "size": 32}, "has no size, got 32"),
        ({"size": 0, "source": "synthetic"}, "greater than 0"),
        ({"source": "synthetic", "size": 100}, "100 is not a multiple of 8"),
        ({"source": "digits", "flip": True}, "a flipped digit is no digit"),
        ({"source": "mnist", "flip": True}, "no flip"),
        ({"source": "imagenet"}, "'latents'"),
    ],
)
def test_a_data_spec_that_cannot_be_is_refused(fields, says):
    with pytest.raises(ValidationError, match=says):
        DataSpec(**fields)
