"""Does a protocol say what a figure is, and is one that cannot be refused?"""

import pytest

from scaling.study import Ema
from scaling.study.settings import with_settings


def test_fields_added_later_change_no_identity(tiny):
    """As it was when protocols had ten fields."""
    assert set(tiny.evaluate.protocol.identity_fields()) == {
        "samples",
        "class_draw",
        "sampling_seed",
        "sampler",
        "sampling_steps",
        "guidance",
        "guidance_channels",
        "features",
        "references",
        "metrics",
        "precision",
    }


@pytest.mark.parametrize(
    "setting",
    [
        {"evaluate.protocol.rounding": "truncate"},
        {"evaluate.protocol.decoder": "sd-vae-ft-ema"},
        {"evaluate.protocol.reference_images": 100},
        {"evaluate.protocol.guidance_interval": [0.1, 0.9]},
        {"evaluate.protocol.sampler": "ddim", "evaluate.protocol.eta": 1.0},
        {"evaluate.protocol.ddpm_variance": "small"},
        {"evaluate.protocol.clip_predicted": 1.0},
        {"evaluate.protocol.sampler": "heun", "evaluate.protocol.heun_last": "euler"},
        {"evaluate.protocol.sampler": "euler", "evaluate.protocol.time_shift": 3.0},
    ],
)
def test_every_new_field_makes_another_measurement(tiny, setting):
    assert with_settings(tiny, setting).eval_id(12) != tiny.eval_id(12)


def test_a_reference_file_counts_by_its_name(tiny):
    a, b, c = (
        with_settings(tiny, {"evaluate.protocol.references": [path]}).eval_id(12)
        for path in ("here/ref.npz", "there/ref.npz", "here/other.npz")
    )
    assert a == b != c


@pytest.mark.parametrize(
    "setting, says",
    [
        ({"evaluate.protocol.eta": 0.5}, "eta 0.5 belongs to the sampler 'ddim', not to 'ddpm'"),
        ({"evaluate.protocol.sde_last": "tweedie"}, "belongs to the sampler 'sde'"),
        (
            {"evaluate.protocol.sampler": "ddim", "evaluate.protocol.ddpm_variance": "small"},
            "ddpm_variance 'small' belongs to the sampler 'ddpm', not to 'ddim'",
        ),
        (
            {"evaluate.protocol.sampler": "dpm++", "evaluate.protocol.clip_predicted": 1.0},
            "clip_predicted 1.0 belongs to the sampler 'ddpm' or 'ddim', not to 'dpm[+][+]'",
        ),
        (
            {"evaluate.protocol.heun_last": "euler"},
            "heun_last 'euler' belongs to the sampler 'heun'",
        ),
        ({"evaluate.protocol.time_shift": 3.0}, "belongs to the sampler 'euler' or 'heun'"),
        (
            {"evaluate.protocol.guidance_interval": [0.8, 0.2]},
            r"\[0.8, 0.2\] is not two rising fractions",
        ),
        ({"evaluate.protocol.references": ["test"]}, "references.0"),
        ({"evaluate.protocol.references": ["train", "train"]}, "twice"),
        ({"evaluate.protocol.features": "resnet"}, "features"),
    ],
)
def test_a_bad_protocol_is_refused_in_a_line(tiny, setting, says):
    with pytest.raises(ValueError, match=says) as error:
        with_settings(tiny, setting)
    assert "\n" not in str(error.value)


def test_raw_weights_have_no_length():
    with pytest.raises(ValueError, match="set length to 0"):
        Ema(kind="none", length=0.1)
