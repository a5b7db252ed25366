"""Does a label tell all that is not as usual, and never call two protocols the same?"""

import pytest

from scaling.study import Protocol


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
            {"sampling_steps": 1000, "ddpm_variance": "small", "clip_predicted": 1.0},
            "fid",
            "FID-1K, ddpm1000, small variance, clip 1, cfg 1.0, digits-cnn, vs train",
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
