"""Does a protocol say what a figure is, and is one that cannot be refused?"""

import pytest

from scaling.study import Ema, Protocol
from scaling.study.settings import with_settings


@pytest.mark.parametrize(
    "fields, metric, says",
    [
        (
            {"samples": 50_000, "sampling_steps": 250, "features": "inception"},
            "fid",
            "FID-50K, ddpm250, cfg 1.0, inception, vs train",
        ),
        (
            {
                "samples": 500,
                "sampler": "ddim",
                "eta": 0.5,
                "guidance": 1.25,
                "class_draw": "balanced",
            },
            "kid",
            "KID-500, ddim50, eta 0.5, cfg 1.25, balanced classes, digits-cnn, vs train",
        ),
        (
            {
                "guidance": 4,
                "guidance_channels": 3,
                "guidance_interval": (0.2, 0.8),
                "decoder": "sd-vae-ft-mse",
                "references": ["refs/VIRTUAL_imagenet256.npz"],
                "features": "dinov2-vit-l-14",
                "sampler": "dpm++",
            },
            "fid",
            "FD-1K, dpm++50, cfg 4.0 on 3 channels in 0.2-0.8, sd-vae-ft-mse, dinov2-vit-l-14, vs "
            "VIRTUAL_imagenet256.npz",
        ),
        (
            {"decoder": "sd-vae-ft-mse", "reference_images": 10_000},
            "fid",
            "FID-1K, ddpm50, cfg 1.0, sd-vae-ft-mse, digits-cnn, vs decoded train (10K)",
        ),
        ({"decoder": "sd-vae-ft-mse"}, "rfid", "rFID, sd-vae-ft-mse, digits-cnn, vs train"),
        (
            {"decoder": "sd-vae-ft-mse", "references": ["train-images"]},
            "fid",
            "FID-1K, ddpm50, cfg 1.0, digits-cnn, vs train images",
        ),
        (
            {
                "sampler": "sde",
                "sde_diffusion": "constant",
                "precision": "bf16",
                "rounding": "truncate",
            },
            "isc",
            "IS-1K, sde50, w constant, last mean 0.04, cfg 1.0, bf16, truncated, digits-cnn, vs "
            "train",
        ),
        (
            {"sampler": "heun", "heun_last": "euler", "time_shift": 6.9282},
            "fid",
            "FID-1K, heun50, last euler, shift 6.928, cfg 1.0, digits-cnn, vs train",
        ),
    ],
)
def test_its_short_form_tells_all_that_is_not_as_usual(fields, metric, says):
    assert Protocol(**fields).label(metric) == says


def test_a_decoder_is_part_of_what_is_measured_against_real_images_and_of_how_against_latents():
    for references, same in ((["train-images"], True), (["train-images", "train"], False)):
        one, other = (Protocol(decoder=name, references=references) for name in ("a", "b"))
        assert (one.comparable == other.comparable) == same
        assert one.identity_fields() != other.identity_fields()
    assert "b on latents of a" in Protocol(decoder="b", references=["train-images"]).label(
        made_by="a"
    )


def test_what_varies_along_an_axis_is_left_out_of_its_label():
    protocol = Protocol(guidance=1.5)
    assert protocol.label(over="steps") == "FID-1K, ddpm, cfg 1.5, digits-cnn, vs train"
    assert (
        protocol.label(over="guidance")
        == Protocol().label(over="guidance")
        == "FID-1K, ddpm50, cfg, digits-cnn, vs train"
    )


def test_two_scales_never_read_as_one():
    labels = {Protocol(guidance=g).short for g in (1.0, 1.04, 1.05, 1.1, 10.0)}
    assert len(labels) == 5


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
