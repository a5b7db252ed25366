"""Are unconditional pipelines of diffusers (DDPM, DDIM, LDM) sampled as diffusers samples them?"""

import json
import shutil

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMPipeline,
    DDIMScheduler,
    DDPMPipeline,
    DDPMScheduler,
    LDMPipeline,
    UNet2DModel,
)
from safetensors.torch import load_file, save_file

from scaling.cli import main
from scaling.data import to_uint8
from scaling.evaluation.sampling.generate import generate, labels_and_streams
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.models.stored.diffusers_folders import FORMERLY
from scaling.models.stored.open_weights import open_weights
from scaling.study import Protocol
from scaling.study.families.ddpm import CONVENTIONS
from scaling.study.specs.weights import WeightsSpec
from tests.data.latents import tiny_autoencoders as tiny

torch.set_num_threads(1)
SIDE, COUNT, TIMESTEPS = 8, 2, 40
BETAS = {"beta_start": 0.0015, "beta_end": 0.0195}
FEW = {"num_train_timesteps": TIMESTEPS, "beta_start": 0.0015, "beta_end": 0.3}


def unet(convention: str, **config) -> UNet2DModel:
    torch.manual_seed(0)
    shape = {
        "sample_size": SIDE,
        "block_out_channels": (8, 16, 24),
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "attention_head_dim": None if convention == "ddpm" else 8,
    }
    return UNet2DModel(**{**shape, **CONVENTIONS[convention], **config})


def of_ddpm(variance="fixed_large", **more):
    clipped = {"variance_type": variance, "clip_sample": True}
    return DDPMPipeline(unet("ddpm"), DDPMScheduler(**FEW, **clipped, **more))


def of_ddim(**more):
    return DDIMPipeline(unet("ddpm"), DDIMScheduler(**BETAS, **more))


def of_ldm(**more):
    scheduler = DDIMScheduler(**BETAS, beta_schedule="scaled_linear", clip_sample=False, **more)
    return LDMPipeline(tiny.vq(4, 3, scaling_factor=0.4), unet("ldm"), scheduler)


MADE = {
    "ddpm": of_ddpm,
    "ddpm, small variance": lambda: of_ddpm("fixed_small"),
    "ddim": of_ddim,
    "ldm": of_ldm,
    "ddpm, v": lambda: of_ddpm(prediction_type="v_prediction"),
    "ddim, x": lambda: of_ddim(prediction_type="sample"),
    "ldm, v": lambda: of_ldm(prediction_type="v_prediction"),
}
STEPS = {name: TIMESTEPS if name.startswith("ddpm") else 20 for name in MADE}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("unets")
    for name, make in MADE.items():
        make().save_pretrained(root / name)
    return root


class Replayed:
    """The streams of our samples as the generator that diffusers asks for its noise."""

    def __init__(self, pipe, protocol):
        self.streams = labels_and_streams(protocol, 1, range(COUNT))[1]
        self.shape = (pipe.unet.config.in_channels, SIDE, SIDE)

    def __call__(self, shape, generator=None, device=None, dtype=None, layout=None):
        assert tuple(shape) == (COUNT, *self.shape)
        return torch.stack([torch.randn(self.shape, generator=g) for g in self.streams])


@pytest.mark.parametrize("name", MADE)
def test_samples_are_those_of_diffusers(folders, name, monkeypatch):
    """Given one noise, to a step of 255 of a pixel."""
    loaded = load_checkpoint(folders / name)
    asked = {"samples": COUNT, "sampling_steps": STEPS[name], "decoder": loaded.vae}
    protocol = Protocol(**{**loaded.protocol, **asked})
    ours, labels, lost = generate(loaded.model, loaded.spec, loaded.diffusion, protocol)
    pipe = type(MADE[name]()).from_pretrained(folders / name)
    pipe.set_progress_bar_config(disable=True)
    replayed = Replayed(pipe, protocol)
    for module in ("schedulers.scheduling_ddpm", "pipelines.ddpm.pipeline_ddpm"):
        monkeypatch.setattr(f"diffusers.{module}.randn_tensor", replayed)
    monkeypatch.setattr("diffusers.pipelines.ddim.pipeline_ddim.randn_tensor", replayed)
    monkeypatch.setattr(
        "diffusers.pipelines.deprecated.latent_diffusion_uncond.pipeline_latent_diffusion_uncond"
        ".randn_tensor",
        replayed,
    )
    theirs = pipe(batch_size=COUNT, num_inference_steps=STEPS[name], output_type="np").images
    theirs = torch.from_numpy(np.asarray(theirs)).permute(0, 3, 1, 2)
    gap = (ours.int() - to_uint8(2 * theirs - 1).int()).abs()
    assert not lost and labels.tolist() == [0] * COUNT
    assert ours.shape == theirs.shape and gap.max() <= 1, gap.max()
    assert ours.float().std() > 5  # there is something to compare


def test_what_they_are_is_read_from_their_configs(folders):
    opened = {name: open_weights(folders / name) for name in MADE}
    specs = {name: one.spec for name, one in opened.items()}
    assert {spec.num_classes for spec in specs.values()} == {1}
    assert specs["ddpm"].name == "DDPM-w8x1-2-3b1a4" and specs["ldm"].name.endswith(" ldm")
    assert (specs["ddpm"].head_channels, specs["ldm"].head_channels) == (None, 8)
    told = {name: one.diffusion.prediction for name, one in opened.items()}
    assert told == {name: dict(v="v", x="x").get(name.rpartition(", ")[2]) for name in MADE}
    assert "they predict x, as their scheduler says" in opened["ddim, x"].said
    process = opened["ldm"].diffusion
    assert (process.objective, process.beta_schedule) == ("epsilon", "scaled_linear")
    ancestral = {"sampler": "ddpm", "sampling_steps": TIMESTEPS, "clip_predicted": 1.0}
    assert opened["ddpm"].protocol == ancestral
    assert opened["ddpm, small variance"].protocol == {**ancestral, "ddpm_variance": "small"}
    assert opened["ddim"].protocol == {
        "sampler": "ddim", "sampling_steps": 50, "clip_predicted": 1.0
    }  # fmt: skip
    assert opened["ldm"].protocol == {"sampler": "ddim", "sampling_steps": 50}
    assert opened["ldm"].vae == str(folders / "ldm") and opened["ddpm"].vae is None


def test_weights_with_the_names_of_attention_before_2023_are_the_same(folders, tmp_path):
    """As google/ddpm-cifar10-32 and CompVis/ldm-celebahq-256 have them."""
    other = shutil.copytree(folders / "ddpm", tmp_path / "old")
    (file,) = (other / "unet").glob("*.safetensors")
    names = {f".{new}.": f".{old}." for old, new in FORMERLY.items()}
    state = {}
    for name, tensor in load_file(file).items():
        old = next((name.replace(new, was) for new, was in names.items() if new in name), name)
        state[old] = tensor
    assert sum(".proj_attn." in name for name in state) == 2 * 4
    save_file(state, file, {"format": "pt"})
    ours, theirs = open_weights(other).state, open_weights(folders / "ddpm").state
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_another_sampler_needs_no_variance_of_ddpm(folders, tmp_path, capsys):
    pipeline, out = str(folders / "ddpm, small variance"), str(tmp_path / "out.png")
    for sampler, told in (
        ("ddim", "ddim2, clip 1, cfg"),
        ("dpm++", "dpm++2, cfg"),
        (None, "ddpm2, small variance, clip 1, cfg"),
    ):
        command = ["sample", pipeline, "--out", out, "--classes", "0", "--steps", "2"]
        with pytest.raises(SystemExit) as stop:
            main([*command, *(["--sampler", sampler] if sampler else [])])
        said = capsys.readouterr()
        assert stop.value.code == 0 and told in said.out, said


def test_ldm_is_decoded_by_its_own_vq_model_and_measured(folders, tmp_path, capsys):
    real = tmp_path / "real.npz"
    np.savez(real, arr_0=np.random.default_rng(0).integers(0, 255, (80, 32, 32, 3), np.uint8))
    protocol = 'samples=80 sampling_steps=2 features=digits-cnn metrics=["kid"]'
    command = ["evaluate", str(folders / "ldm"), "--reference", str(real)]
    with pytest.raises(SystemExit) as stop:
        main([*command, *(part for one in protocol.split() for part in ("--protocol", one))])
    said = capsys.readouterr().out
    assert stop.value.code == 0 and "ddim2, cfg 1.0, ldm, digits-cnn, vs real.npz" in said
    assert "vqvae" in said


@pytest.mark.parametrize(
    ("file", "fields", "says"),
    [
        ("unet/config.json", {"act_fn": "gelu"}, "act_fn gelu, here silu"),
        ("unet/config.json", {"freq_shift": 0}, "freq_shift 0, .* neither of ddpm nor of ldm"),
        ("unet/config.json", {"num_class_embeds": 10}, "num_class_embeds 10, here None"),
        ("unet/config.json", {"sample_size": [8, 16]}, "here one number for both sides"),
        (
            "unet/config.json",
            {"up_block_types": ["UpBlock2D", "UpBlock2D", "UpBlock2D"]},
            "up_block_types .*, and U-Nets here have",
        ),
        (
            "scheduler/scheduler_config.json",
            {"beta_schedule": "sigmoid"},
            "none of ours .beta_schedule sigmoid, here linear or scaled_linear",
        ),
    ],
)
def test_what_is_not_read_is_refused_in_one_line(folders, tmp_path, file, fields, says):
    other = shutil.copytree(folders / "ddpm", tmp_path / "other")
    config = json.loads((other / file).read_text())
    (other / file).write_text(json.dumps(config | fields))
    with pytest.raises(ValueError, match=says) as error:
        open_weights(other)
    assert "\n" not in str(error.value)


def test_options_that_it_says_itself_and_a_config_without_a_field_are_refused(folders, tmp_path):
    with pytest.raises(ValueError, match=r"--heads: .* says of itself what it is"):
        open_weights(folders / "ddpm", WeightsSpec(heads=3))
    other = shutil.copytree(folders / "ddpm", tmp_path / "other")
    config = json.loads((other / "unet" / "config.json").read_text())
    del config["layers_per_block"]
    (other / "unet" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"config\.json has no layers_per_block"):
        open_weights(other)
