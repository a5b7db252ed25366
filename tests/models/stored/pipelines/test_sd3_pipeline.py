"""Is a pipeline of SD3 sampled as diffusers samples it, with three text encoders and with two?"""

import json
import shutil

import pytest
import torch
from diffusers import StableDiffusion3Pipeline

from scaling.cli import main
from scaling.data import to_uint8
from scaling.evaluation.sampling.generate import generate, labels_and_streams
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.models.stored.open_weights import open_weights
from scaling.study import Protocol, cost
from scaling.study.specs.weights import WeightsSpec
from tests.models.small_sd3 import SHIFT, SIZE, saved

STEPS, GUIDANCE = 6, 4.0
CAPTIONS = ("A red fox", "a teapot")
TOLD = WeightsSpec(captions=CAPTIONS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders of a small SD3 as diffusers saved it: with T5, and without; and of SD3.5's kind."""
    root = tmp_path_factory.mktemp("sd3")
    dual = {"qk_norm": "rms_norm", "dual_attention_layers": (0,)}
    return {
        "small-sd3": saved(root / "small-sd3"),
        "no-t5": saved(root / "no-t5", t5=False),
        "small-sd3.5": saved(root / "small-sd3.5", **dual),
    }


@pytest.mark.parametrize("name", ["small-sd3", "no-t5", "small-sd3.5"])
def test_samples_are_those_of_diffusers(folders, name, tmp_path, monkeypatch):
    """Given one noise and evenly spaced times before the shift, as the paper has them."""
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path))
    loaded = load_checkpoint(folders[name], declared=TOLD)
    assert loaded.protocol == {
        "sampler": "euler",
        "sampling_steps": 28,
        "guidance": 7.0,
        "time_shift": SHIFT,
    }
    asked = {"samples": 2, "sampling_steps": STEPS, "guidance": GUIDANCE, "decoder": loaded.vae}
    protocol = Protocol(**{**loaded.protocol, **asked})
    ours, _, _ = generate(loaded.model, loaded.spec, loaded.diffusion, protocol, classes=[0, 1])
    drawn = labels_and_streams(protocol, 2, range(2))[1]
    absent = {"text_encoder_3": None, "tokenizer_3": None} if name == "no-t5" else {}
    pipe = StableDiffusion3Pipeline.from_pretrained(folders[name], **absent)
    pipe.set_progress_bar_config(disable=True)
    theirs = pipe(
        list(CAPTIONS),
        sigmas=[1 - k / STEPS for k in range(STEPS)],
        guidance_scale=GUIDANCE,
        latents=torch.stack([torch.randn(4, SIZE, SIZE, generator=stream) for stream in drawn]),
        output_type="pt",
    ).images
    gap = (ours.int() - to_uint8(2 * theirs - 1).int()).abs()
    assert gap.max() <= 1 and ours.float().std() > 5, gap.max()


def test_its_table_of_positions_is_kept_whole_and_counted(folders):
    opened = open_weights(folders["small-sd3"], TOLD)
    assert opened.spec.table_side == 12 and opened.spec.text_tokens == 77 + 256
    assert opened.diffusion.objective == "flow" and opened.diffusion.time_scale == 1000
    assert opened.state["transformer.pos_embed.pos_embed"].shape == (1, 144, 16)
    (name, fixed), *others = opened.spec.fixed_tensors().items()
    assert not others and torch.equal(fixed, opened.state[name])
    assert cost.params(opened.spec) == sum(
        tensor.numel()
        for name, tensor in opened.state.items()
        if name != "transformer.pos_embed.pos_embed"
    )


def test_sd35_is_told_by_its_config(folders):
    opened = open_weights(folders["small-sd3.5"], TOLD)
    assert opened.spec.qk_norm and opened.spec.dual_attention == 1
    assert opened.spec.name == "SD3-d2w16/2 qk-norm dual1 [text]"
    kept = opened.state["transformer.transformer_blocks.0.attn2.norm_q.weight"]
    assert kept.shape == (8,) and not (kept == 1).any()


def changed(folder, to, file: str, **fields):
    shutil.copytree(folder, to)
    (to / file).write_text(json.dumps(json.loads((to / file).read_text()) | fields))
    return to


@pytest.mark.parametrize(
    ("file", "fields", "says"),
    [
        ("transformer/config.json", {"qk_norm": "layer_norm"}, "qk_norm layer_norm, .* rms_norm"),
        (
            "transformer/config.json",
            {"dual_attention_layers": [1]},
            r"dual_attention_layers \[1\], .* have \[0\]",
        ),
        (
            "scheduler/scheduler_config.json",
            {"use_dynamic_shifting": True},
            "use_dynamic_shifting True, here False",
        ),
    ],
)
def test_what_is_not_sd3_is_refused_in_one_line(folders, tmp_path, file, fields, says):
    with pytest.raises(ValueError, match=says) as error:
        open_weights(changed(folders["no-t5"], tmp_path / "other", file, **fields), TOLD)
    assert "\n" not in str(error.value)


def test_captions_and_both_clips_are_asked_for(folders, tmp_path):
    with pytest.raises(ValueError, match="reads text; say what it is to be told, as --captions"):
        open_weights(folders["no-t5"])
    other = shutil.copytree(folders["no-t5"], tmp_path / "one")
    shutil.rmtree(other / "text_encoder_2")
    with pytest.raises(ValueError, match="one holds no text_encoder_2: SD3 reads captions"):
        open_weights(other, TOLD)


def test_the_command_samples_it_with_its_shift(folders, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "cache"))
    told = [part for caption in CAPTIONS for part in ("--captions", caption)]
    command = ["sample", str(folders["no-t5"]), "--out", str(tmp_path / "grid.png"), *told]
    with pytest.raises(SystemExit) as stop:
        main([*command, "--classes", "1", "--per-class", "1", "--steps", "2"])
    said = capsys.readouterr().out
    assert stop.value.code == 0 and "euler2, shift 3, cfg 7.0, no-t5" in said, said
    assert "begins its last step at the first of its timesteps" in said
    with pytest.raises(SystemExit) as stop:
        main([*command, "--classes", "1", "--sampler", "sde"])
    error = capsys.readouterr().err.strip()
    assert stop.value.code == 2 and len(error.splitlines()) == 1 and "time_shift 3.0" in error
