"""Is a pipeline that diffusers saved sampled as diffusers does, with its decoder and names?"""

import json
import shutil

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DiTPipeline, DiTTransformer2DModel

from scaling.cli import main
from scaling.data import to_uint8
from scaling.evaluation.sampling.class_names import as_labels
from scaling.evaluation.sampling.generate import generate, labels_and_streams
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.models.formats.export import export_weights
from scaling.models.networks.captions import ENCODERS
from scaling.models.stored import pipelines
from scaling.models.stored.open_weights import open_weights
from scaling.study import Protocol
from scaling.study.specs.weights import WeightsSpec
from tests.data.latents import tiny_autoencoders as tiny

CLASSES, SIZE, STEPS = 3, 8, 10
LINEAR = {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02, "clip_sample": False}
SCHEDULER = "scheduler/scheduler_config.json"
NAMES = {0: "tench, Tinca tinca", 1: "goldfish", 2: "white shark"}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """A folder of a small class-conditional pipeline, as diffusers saved it."""
    torch.manual_seed(0)
    transformer = DiTTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=8,
        in_channels=4,
        out_channels=8,
        num_layers=2,
        sample_size=SIZE,
        patch_size=2,
        num_embeds_ada_norm=CLASSES,
    )
    with torch.no_grad():  # what it begins with is zero
        for part in (transformer.proj_out_1, transformer.proj_out_2):
            torch.nn.init.normal_(part.weight, std=0.1)
        # one embedder, as a DiT has
        first = transformer.transformer_blocks[0].norm1.emb.state_dict()
        for block in transformer.transformer_blocks:
            block.norm1.emb.load_state_dict(first)
    folder = tmp_path_factory.mktemp("pipelines") / "small-dit"
    vae, scheduler = tiny.kl(4, 4, scaling_factor=0.3), DDIMScheduler(**LINEAR)
    DiTPipeline(transformer, vae, scheduler).save_pretrained(folder)
    # It reads the names from there, as in the hub's folder, but saves none.
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "id2label": NAMES}))
    return folder


def test_its_network_decoder_process_names_and_protocol_are_read(pipeline):
    opened = open_weights(pipeline)
    assert (opened.spec.input_size, opened.spec.channels, opened.spec.num_classes) == (SIZE, 4, 3)
    assert (opened.diffusion.objective, opened.diffusion.beta_end) == ("ddpm", 0.02)
    assert opened.vae == str(pipeline) and opened.place == pipeline
    assert opened.protocol == {"sampler": "ddpm", "sampling_steps": 250}
    words = ["goldfish", "Tinca tinca", "tench, Tinca tinca", "2"]
    assert as_labels(words, pipeline) == ["1", "0", "0", "2"]
    with pytest.raises(ValueError, match=r"no class of .* is called that; .* such as white shark"):
        as_labels(["white shar"], pipeline)


@pytest.mark.parametrize(
    ("guidance", "predicted"), [(1.0, "epsilon"), (4.0, "epsilon"), (4.0, "v_prediction")]
)
def test_samples_are_those_of_diffusers(pipeline, guidance, predicted, tmp_path):
    """Given one noise; diffusers' frequencies are set to the reference's, as ``formats.diffusers``
    explains. The tolerance is one of 255 steps of a pixel.
    """
    pipeline = changed(pipeline, tmp_path / "other", SCHEDULER, prediction_type=predicted)
    loaded = load_checkpoint(pipeline)
    protocol = Protocol(
        samples=4,
        sampler="ddim",
        sampling_steps=STEPS,
        guidance=guidance,
        decoder=loaded.vae,
    )
    classes = [2, 0, 1, 2]
    ours, _, _ = generate(loaded.model, loaded.spec, loaded.diffusion, protocol, classes=classes)
    theirs = DiTPipeline.from_pretrained(pipeline)
    theirs.set_progress_bar_config(disable=True)
    for block in theirs.transformer.transformer_blocks:
        block.norm1.emb.time_proj.downscale_freq_shift = 0
    images = []
    for i, label in enumerate(classes):
        (stream,) = labels_and_streams(protocol, CLASSES, range(i, i + 1))[1]
        noise = torch.randn(4, SIZE, SIZE, generator=stream)
        images.append(_run(theirs, noise[None], label, guidance))
    gap = (ours.int() - torch.cat(images).int()).abs()
    assert ours.shape == (4, 3, 4 * SIZE, 4 * SIZE) and gap.max() <= 1, gap.max()
    assert ours.float().std() > 5  # there is something to compare


def _run(pipe: DiTPipeline, noise: torch.Tensor, label: int, guidance: float) -> torch.Tensor:
    """diffusers' own loop, whose null label is that of ImageNet, with this pipeline's."""
    null, scheduler, x = CLASSES, pipe.scheduler, noise
    scheduler.set_timesteps(STEPS)
    with torch.no_grad():
        for t in scheduler.timesteps:
            told = pipe.transformer(
                torch.cat((x, x)),
                timestep=t[None].expand(2),
                class_labels=torch.tensor([label, null]),
            ).sample[:, :4]
            eps = told[1:] + guidance * (told[:1] - told[1:])
            x = scheduler.step(eps, t, x).prev_sample
        decoded = pipe.vae.decode(x / pipe.vae.config.scaling_factor).sample
    return to_uint8(decoded)


def test_commands_take_the_folder(pipeline, tmp_path, capsys):
    out = tmp_path / "grid.png"
    arguments = ["sample", str(pipeline), "--out", str(out), "--classes", "goldfish"]
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--per-class", "2", "--steps", "2"])
    said = capsys.readouterr().out
    assert stop.value.code == 0 and out.is_file() and "ddpm2, cfg 1.0, small-dit" in said
    assert "decoder: the pipeline's own" in said
    real = tmp_path / "real.npz"
    np.savez(real, arr_0=np.random.default_rng(0).integers(0, 255, (80, 32, 32, 3), np.uint8))
    protocol = 'samples=80 sampler="ddim" sampling_steps=2 features=digits-cnn metrics=["kid"]'
    command = ["evaluate", str(pipeline), "--reference", str(real)]
    with pytest.raises(SystemExit) as stop:
        main([*command, *(part for one in protocol.split() for part in ("--protocol", one))])
    said = capsys.readouterr().out
    assert stop.value.code == 0 and "ddim2, cfg 1.0, small-dit, digits-cnn, vs real.npz" in said


def changed(pipeline, folder, file: str, **fields):
    shutil.copytree(pipeline, folder)
    place = folder / file
    place.write_text(json.dumps(json.loads(place.read_text()) | fields))
    return folder


@pytest.mark.parametrize(
    ("file", "fields", "says"),
    [
        (
            "model_index.json",
            {"_class_name": "FluxPipeline"},
            "a FluxPipeline, and pipelines that are known here are DiTPipeline, PixArtAlpha.*; its "
            "network is a DiT, so name that alone, .*other/transformer",
        ),
        (
            SCHEDULER,
            {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "flow_prediction"},
            r"none of ours \(prediction_type flow_prediction, here epsilon or v_prediction or "
            "sample; beta_schedule squaredcos_cap_v2, here linear or scaled_linear",
        ),
    ],
)
def test_what_is_not_ours_is_refused_in_one_line(pipeline, tmp_path, file, fields, says):
    with pytest.raises(ValueError, match=says) as error:
        open_weights(changed(pipeline, tmp_path / "other", file, **fields))
    assert "\n" not in str(error.value)


def test_the_way_on_from_a_pipeline_that_is_not_known_is_one(pipeline, tmp_path):
    """The network of no other one is read by itself, except a DiT, which is."""
    other = changed(pipeline, tmp_path / "other", "model_index.json", _class_name="OtherPipeline")
    assert open_weights(other / "transformer").spec == open_weights(pipeline).spec
    config = other / "transformer" / "config.json"
    config.write_text(json.dumps({"_class_name": "FluxTransformer2DModel"}))
    with pytest.raises(ValueError, match="its network, a FluxTransformer2DModel, is read in none"):
        open_weights(other)
    config.unlink()
    with pytest.raises(ValueError, match=r"; give one of those$"):
        open_weights(other)


def test_what_its_scheduler_does_beside_is_told(pipeline, tmp_path):
    fields = {"clip_sample": True, "steps_offset": 1, "timestep_spacing": "trailing"}
    other = changed(pipeline, tmp_path / "other", SCHEDULER, **fields)
    opened = open_weights(other)
    said = "; ".join(opened.said)
    assert "not as its DDIMScheduler, which begins 1 timesteps later" in said
    assert "spaces its timesteps by trailing" in said and "clips" not in said
    assert opened.protocol["clip_predicted"] == 1.0


def test_what_its_scheduler_says_is_predicted_is_kept_in_an_export(pipeline, tmp_path):
    other = changed(pipeline, tmp_path / "other", SCHEDULER, prediction_type="sample")
    opened = open_weights(other)
    assert (opened.diffusion.objective, opened.diffusion.prediction) == ("ddpm", "x")
    assert "they predict x, as their scheduler says" in opened.said
    with pytest.raises(ValueError, match=r"predicts x .*; export with --to safetensors"):
        export_weights(other, to="dit", out=tmp_path / "other.pt")
    assert "predict x" in export_weights(other, to="safetensors", out=tmp_path / "x.safetensors")
    assert open_weights(tmp_path / "x.safetensors").diffusion == opened.diffusion
    with pytest.raises(
        ValueError, match=r"--objective ddpm predicts noise, but .* predicts x; lea"
    ):
        open_weights(other, WeightsSpec(objective="ddpm"))


def test_names_that_are_of_no_labels_and_a_missing_network_are_refused(pipeline, tmp_path):
    other = changed(pipeline, tmp_path / "one", "model_index.json", id2label={"1": "a", "3": "b"})
    with pytest.raises(ValueError, match="id2label does not name labels 0, 1"):
        as_labels(["a"], other)
    other = changed(pipeline, tmp_path / "two", "model_index.json")
    shutil.rmtree(other / "transformer")
    with pytest.raises(ValueError, match=r"two is a DiTPipeline, but .* holds no config.json"):
        open_weights(other)


def test_an_id_of_the_hub_without_a_net_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert pipelines.may_be_on_the_hub("facebook/DiT-XL-2-256")
    assert not any(map(pipelines.may_be_on_the_hub, ("/nowhere/x", "./x/y", "a/b/c", "nowhere")))
    with pytest.raises(SystemExit) as stop:
        main(["sample", "facebook/DiT-XL-2-256", "--out", "x.png", "--classes", "1"])
    error = capsys.readouterr().err.strip()
    assert stop.value.code == 2 and len(error.splitlines()) == 1
    assert "there is no facebook/DiT-XL-2-256 here" in error and "hf download" in error


CAPTIONS = ("A red fox ", "a teapot")


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A folder of a small PixArt pipeline, as diffusers saved it, with the packaged words."""
    from diffusers import PixArtAlphaPipeline, PixArtTransformer2DModel
    from transformers import AutoTokenizer, T5Config, T5EncoderModel

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(ENCODERS["minilm"]())
    shape = {"d_model": 12, "d_kv": 6, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    encoder = T5EncoderModel(T5Config(vocab_size=len(tokenizer), **shape))
    transformer = PixArtTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=8,
        in_channels=4,
        out_channels=8,
        num_layers=2,
        cross_attention_dim=16,
        caption_channels=12,
        sample_size=SIZE,
        patch_size=2,
    )
    vae, scheduler = tiny.kl(4, 4, scaling_factor=0.3), DDIMScheduler(**LINEAR)
    folder = tmp_path_factory.mktemp("pipelines") / "small-pixart"
    PixArtAlphaPipeline(tokenizer, encoder, vae, transformer, scheduler).save_pretrained(folder)
    return folder


def test_a_text_pipeline_samples_what_diffusers_does(texts, tmp_path, monkeypatch):
    from diffusers import PixArtAlphaPipeline

    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path))
    loaded = load_checkpoint(texts, declared=WeightsSpec(captions=CAPTIONS))
    assert loaded.protocol == {"sampler": "dpm++", "sampling_steps": 20, "guidance": 4.5}
    protocol = Protocol(
        samples=2, sampler="ddim", sampling_steps=STEPS, guidance=4.5, decoder=loaded.vae
    )
    ours, _, _ = generate(loaded.model, loaded.spec, loaded.diffusion, protocol, classes=[0, 1])
    drawn = labels_and_streams(protocol, 2, range(2))[1]
    noise = torch.stack([torch.randn(4, SIZE, SIZE, generator=stream) for stream in drawn])
    pipe = PixArtAlphaPipeline.from_pretrained(texts)
    pipe.set_progress_bar_config(disable=True)
    theirs = pipe(
        list(CAPTIONS),
        num_inference_steps=STEPS,
        latents=noise,
        use_resolution_binning=False,
        clean_caption=False,
        output_type="pt",
    ).images
    gap = (ours.int() - to_uint8(2 * theirs - 1).int()).abs()
    assert gap.max() <= 1 and ours.float().std() > 5, gap.max()


def test_the_command_takes_captions_and_its_papers_guidance(texts, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "cache"))
    told = [part for caption in CAPTIONS for part in ("--captions", caption)]
    command = ["sample", str(texts), "--out", str(tmp_path / "grid.png"), "--classes", "1", "0"]
    with pytest.raises(SystemExit) as stop:
        main([*command, "--per-class", "1", "--steps", "2", *told])
    said = capsys.readouterr()
    assert stop.value.code == 0 and "dpm++2, cfg 4.5, small-pixart" in said.out, said


def test_text_is_asked_for_where_it_is_read_and_refused_elsewhere(texts, pipeline, tmp_path):
    with pytest.raises(ValueError, match="reads text; say what it is to be told, as --captions"):
        open_weights(texts)
    with pytest.raises(ValueError, match=r"--captions: DiT-d2w16/2 of .* reads no text"):
        open_weights(pipeline, WeightsSpec(captions=CAPTIONS))
    with pytest.raises(ValueError, match=r"--heads: .* says of itself what it is"):
        open_weights(texts, WeightsSpec(captions=CAPTIONS, heads=2))
    file = "transformer/config.json"
    other = changed(texts, tmp_path / "large", file, use_additional_conditions=True)
    with pytest.raises(ValueError, match="large is a PixArt that is told the resolution"):
        open_weights(other, WeightsSpec(captions=CAPTIONS))
