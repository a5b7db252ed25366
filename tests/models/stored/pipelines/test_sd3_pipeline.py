"""Is a pipeline of SD3 sampled as diffusers samples it, with three text encoders and with two?"""

import json
import shutil
import string

import pytest
import torch
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)

from scaling.cli import main
from scaling.data import to_uint8
from scaling.evaluation.sampling.generate import generate, labels_and_streams
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.models.networks.captions import ENCODERS
from scaling.models.stored.open_weights import open_weights
from scaling.study import Protocol, cost
from scaling.study.specs.weights import WeightsSpec
from tests.data.latents import tiny_autoencoders as tiny

SIZE, STEPS, GUIDANCE, SHIFT = 8, 6, 4.0, 3.0
CAPTIONS = ("A red fox", "a teapot")
TOLD = WeightsSpec(captions=CAPTIONS)


def clip(folder, seed: int):
    """A small CLIP of text, whose words are letters."""
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

    letters = [*string.ascii_letters, *(f"{letter}</w>" for letter in string.ascii_letters)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder, model_max_length=77)
    torch.manual_seed(seed)
    shape = {"hidden_size": 8, "intermediate_size": 16, "projection_dim": 8}
    layers = {"num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": len(words)}
    return tokenizer, CLIPTextModelWithProjection(
        CLIPTextConfig(**shape, **layers, bos_token_id=0, eos_token_id=1)
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders of a small SD3 as diffusers saved it: with T5, and without; and of SD3.5's kind."""
    from transformers import AutoTokenizer, T5Config, T5EncoderModel

    root = tmp_path_factory.mktemp("sd3")
    one, two = clip(root / "one", 1), clip(root / "two", 2)
    words = AutoTokenizer.from_pretrained(ENCODERS["minilm"]())
    shape = {"d_model": 24, "d_kv": 6, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    t5 = T5EncoderModel(T5Config(vocab_size=len(words), **shape))
    networks = []
    for added in ({}, {"qk_norm": "rms_norm", "dual_attention_layers": (0,)}):
        torch.manual_seed(0)
        network = SD3Transformer2DModel(
            sample_size=SIZE,
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            num_attention_heads=2,
            attention_head_dim=8,
            joint_attention_dim=24,
            caption_projection_dim=16,
            pooled_projection_dim=16,
            pos_embed_max_size=12,
            **added,
        )
        for name, weight in network.named_parameters():
            if "norm_" in name and weight.ndim == 1:  # of queries and keys: diffusers' are ones
                torch.nn.init.uniform_(weight, 0.5, 2.0)
        networks.append(network)
    vae = tiny.kl(4, 4, scaling_factor=0.3, shift_factor=0.1)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=SHIFT)
    made = {}
    sd3, sd35 = networks
    for name, network, encoder, tokenizer in (
        ("small-sd3", sd3, t5, words),
        ("no-t5", sd3, None, None),
        ("small-sd3.5", sd35, t5, words),
    ):
        made[name] = root / name
        StableDiffusion3Pipeline(
            network, scheduler, vae, one[1], one[0], two[1], two[0], encoder, tokenizer
        ).save_pretrained(made[name])
    return made


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
