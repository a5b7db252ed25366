"""Do the checkpoints that people have open as what they are, or ask for what they do not tell?"""

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from scaling.models.diffusers_format import WEIGHTS
from scaling.models.stored.open_weights import is_weights, open_weights
from scaling.study.weights_spec import WeightsSpec
from tests.models import golden
from tests.models.test_export import states_equal
from tests.models.test_weights import refusal

THREE = {"heads": 3, "null": "last"}


def opened(path, **told):
    return open_weights(path, WeightsSpec(**{**THREE, **told}))


def prefixed(prefix: str, state=None) -> dict:
    return {prefix + name: value for name, value in (state or golden.weights()).items()}


def raw(offset=1.0) -> dict:
    return {name: value + offset for name, value in golden.weights().items()}


WRAPPED = {
    "module": lambda: prefixed("module."),
    "compiled": lambda: prefixed("_orig_mod."),
    "both": lambda: prefixed("module._orig_mod."),
    "the other way": lambda: prefixed("_orig_mod.module."),
    "lightning": lambda: {"state_dict": prefixed("model."), "epoch": 3, "loops": {"a": None}},
    "lightning, compiled": lambda: {"state_dict": prefixed("model._orig_mod.module.")},
    "any name": lambda: prefixed("denoiser.backbone."),
    "averaged model": lambda: {**prefixed("module."), "n_averaged": torch.tensor(3)},
    "blocks compiled": lambda: {
        name.replace("blocks.0.", "blocks.0._orig_mod."): value
        for name, value in golden.weights().items()
    },
    "nested twice": lambda: {"ema": {"module": golden.weights(), "decay": 0.999}},
    "with a vae beside it": lambda: {**prefixed("model."), "vae.encoder.weight": torch.zeros(2)},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers_do_not_matter(tmp_path, name):
    torch.save(WRAPPED[name](), tmp_path / "c.pt")
    assert states_equal(opened(tmp_path / "c.pt").state, golden.weights())


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".safetensors"])
def test_a_file_is_read_by_its_content(tmp_path, suffix):
    for save in (torch.save, save_file):
        save(golden.weights(), tmp_path / f"c{suffix}")
        assert states_equal(opened(tmp_path / f"c{suffix}").state, golden.weights())
    torch.save(golden.weights(), tmp_path / "c.weights")
    assert "neither manifest.json" in refusal(opened, tmp_path / "c.weights")


def test_what_is_left_out_is_said(tmp_path):
    torch.save(WRAPPED["with a vae beside it"](), tmp_path / "c.pt")
    assert "left out: 1 entries, vae.encoder.weight" in opened(tmp_path / "c.pt").said[0]
    state = {**golden.weights(), "projectors.0.0.weight": torch.zeros(3), "extra.w": torch.ones(1)}
    torch.save(state, tmp_path / "d.pt")
    assert "1 unknown: extra.w" in refusal(opened, tmp_path / "d.pt", objective="ddpm")
    found = opened(tmp_path / "d.pt", leave_out=("extra.",), objective="ddpm")
    assert states_equal(found.state, golden.weights())
    assert "left out: 2 entries, extra.w, projectors.0.0.weight" in found.said[0]
    assert "no entry of" in refusal(opened, tmp_path / "d.pt", leave_out=("extra.", "none."))


def test_an_average_is_taken_and_the_others_are_named(tmp_path):
    saved = {"model": prefixed("module.", raw()), "ema": golden.weights(), "opt": {"state": {}}}
    torch.save(saved, tmp_path / "c.pt")
    found = opened(tmp_path / "c.pt")
    assert states_equal(found.state, golden.weights())
    assert found.said[0].startswith("weights: ema of") and "model.module" in found.said[0]
    for name in ("model", "weights", "model.module"):
        other = opened(tmp_path / "c.pt", average=name)
        assert states_equal(other.state, raw())
        assert other.said[0].startswith("weights: model.module of")
    message = refusal(opened, tmp_path / "c.pt", average="nonsense-0.9")
    assert "holds no average 'nonsense-0.9'; it has model.module, ema" in message
    torch.save(golden.weights(), tmp_path / "d.pt")
    message = refusal(opened, tmp_path / "d.pt", average="nonsense-0.9")
    assert "one set of weights, without a name: leave --average out" in message
    saved = {"state_dict": {**prefixed("model.", raw()), **prefixed("ema_model.")}}
    torch.save(saved, tmp_path / "e.pt")
    assert states_equal(opened(tmp_path / "e.pt").state, golden.weights())
    torch.save({"ema_0.99": raw(), "ema_0.9999": golden.weights()}, tmp_path / "f.pt")
    assert "2 sets of weights; choose one with --average: ema_0.99, ema_0.9999" in refusal(
        opened, tmp_path / "f.pt"
    )
    assert states_equal(opened(tmp_path / "f.pt", average="ema_0.9999").state, golden.weights())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_float_types_are_used_in_fp32_aloud(tmp_path, dtype):
    state = {name: value.to(dtype) for name, value in golden.weights().items()}
    save_file(state, tmp_path / "c.safetensors")
    found = opened(tmp_path / "c.safetensors")
    assert all(value.dtype == torch.float32 for value in found.state.values())
    name = "blocks.0.attn.qkv.weight"
    assert torch.equal(found.state[name], state[name].float())
    assert f"stored as {str(dtype).removeprefix('torch.')}" in found.said[0]


def test_quantised_weights_are_refused(tmp_path):
    state = {**golden.weights()}
    state["pos_embed"] = state["pos_embed"].to(torch.float8_e4m3fn)
    torch.save(state, tmp_path / "c.pt")
    assert "pos_embed" in refusal(opened, tmp_path / "c.pt")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("kind", ["pt", "safetensors", "diffusers"])
def test_weights_that_are_not_finite_are_refused_by_name(exported, tmp_path, value, kind):
    state = golden.weights()
    state["blocks.1.attn.qkv.weight"][3, 2] = value
    if kind == "pt":
        torch.save({"ema": state}, path := tmp_path / "c.pt")
    elif kind == "safetensors":
        save_file(state, path := tmp_path / "c.safetensors")
    else:
        path = tmp_path / "d"
        path.mkdir()
        (path / "config.json").write_text((exported / "diffusers" / "config.json").read_text())
        from scaling.models.diffusers_format import to_diffusers

        save_file(to_diffusers(golden.SPEC, state), path / WEIGHTS)
    message = refusal(opened, path)
    name = "transformer_blocks.1.attn1.to_q" if kind == "diffusers" else "blocks.1.attn.qkv"
    assert "not finite" in message and f"{name}.weight has 1 of" in message


def test_plain_data_of_a_training_script_is_read(tmp_path):
    arguments = Namespace(
        lr=np.float64(1e-4),
        steps=np.int64(3),
        half=np.float16(2),
        flag=np.bool_(True),
        data_path=Path("/data"),
        table=np.arange(3),
        betas=(0.9, 0.999),
        model="DiT-XL/2",
    )
    torch.save({"ema": golden.weights(), "args": arguments}, tmp_path / "c.pt")
    assert states_equal(opened(tmp_path / "c.pt").state, golden.weights())


def test_null_rows_are_asked_for_where_they_cannot_be_told(tmp_path):
    state = golden.weights()  # 10 classes and the null row
    table = "y_embedder.embedding_table.weight"
    torch.save({**state, table: state[table][:10]}, tmp_path / "c.pt")
    assert "has 10 rows" in refusal(opened, tmp_path / "c.pt", null=None)
    none = opened(tmp_path / "c.pt", null="none")
    assert none.spec.num_classes == 10 and none.label_dropout == 0
    assert torch.equal(none.state[table][9], state[table][9])
    assert none.state[table].shape[0] == 11 and not none.state[table][10].any()
    last = opened(tmp_path / "c.pt", null="last")
    assert last.spec.num_classes == 9 and last.label_dropout is None
    torch.save(state, tmp_path / "d.pt")
    found = opened(tmp_path / "d.pt", null=None)
    assert found.spec.num_classes == 10 and any("--null none" in line for line in found.said)


def test_positions_may_be_missing_if_the_size_is_told(tmp_path):
    state = golden.weights()
    del state["pos_embed"]
    torch.save(state, tmp_path / "c.pt")
    assert "--input-size" in refusal(opened, tmp_path / "c.pt")
    found = opened(tmp_path / "c.pt", input_size=8)
    assert found.spec == golden.SPEC
    assert torch.equal(found.state["pos_embed"], golden.weights()["pos_embed"])
    torch.save(golden.weights(), tmp_path / "d.pt")
    assert "--input-size 16: the network of" in refusal(opened, tmp_path / "d.pt", input_size=16)


def hub_folder(exported, folder: Path, parts: dict[str, list[str]], config: dict) -> dict:
    """The golden model in diffusers' layout: file name -> its entries; config entries changed."""
    from safetensors.torch import load_file

    folder.mkdir(parents=True)
    told = json.loads((exported / "diffusers" / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**told, **config}))
    state = load_file(exported / "diffusers" / WEIGHTS)
    for name, entries in parts.items():
        chosen = {k: v for k, v in state.items() if any(k.startswith(e) for e in entries)}
        save = save_file if name.endswith("safetensors") else torch.save
        save(chosen, folder / name)
    return state


def test_the_hubs_older_class_is_a_dit_if_its_norm_is(exported, tmp_path):
    older = {"_class_name": "Transformer2DModel", "norm_num_groups": 32}
    hub_folder(exported, tmp_path / "a" / "transformer", {WEIGHTS: [""]}, older)
    assert states_equal(open_weights(tmp_path / "a").state, golden.weights())
    pixart = {**older, "norm_type": "ada_norm_single"}
    hub_folder(exported, tmp_path / "b", {WEIGHTS: [""]}, pixart)
    assert "ada_norm_single" in refusal(open_weights, tmp_path / "b")


@pytest.mark.parametrize("variant", ["", ".fp16"])
@pytest.mark.parametrize("kind", ["safetensors", "bin"])
def test_shards_are_read_together_and_counted(exported, tmp_path, variant, kind):
    stem = f"diffusion_pytorch_model{variant}"
    names = [f"{stem}-0000{i}-of-00002.{kind}" for i in (1, 2)]
    parts = {names[0]: ["transformer_blocks.0", "pos"], names[1]: ["transformer_blocks.1", "proj"]}
    state = hub_folder(exported, tmp_path / "d", parts, {})
    assert states_equal(open_weights(tmp_path / "d").state, golden.weights())
    index = tmp_path / "d" / f"{stem}.{kind}.index.json"
    index.write_text(json.dumps({"weight_map": {k: names["1" in k[:20]] for k in state}}))
    assert states_equal(open_weights(index).state, golden.weights())
    assert "is one of 2 shards" in refusal(open_weights, tmp_path / "d" / names[0])
    (tmp_path / "d" / names[1]).unlink()
    assert "has 1 of 2 shards" in refusal(open_weights, tmp_path / "d")


def test_variants_are_chosen_by_name(exported, tmp_path):
    names = [f"diffusion_pytorch_model{v}.safetensors" for v in ("", ".fp16", ".non_ema")]
    hub_folder(exported, tmp_path / "d", {name: [""] for name in names}, {})
    found = open_weights(tmp_path / "d")
    assert "there are also fp16, non_ema" in found.said[0]
    assert (
        open_weights(tmp_path / "d", WeightsSpec(average="non_ema"))
        .said[0]
        .startswith("weights: non_ema of")
    )
    (tmp_path / "d" / names[0]).unlink()
    assert "choose one with --average: fp16, non_ema" in refusal(open_weights, tmp_path / "d")
    (tmp_path / "d" / names[2]).unlink()
    assert open_weights(tmp_path / "d").said[0].startswith("weights: the only set of")


def test_a_folder_of_safetensors_without_config_is_read(tmp_path):
    state = golden.weights()
    half = len(state) // 2
    for i, names in enumerate((list(state)[:half], list(state)[half:]), 1):
        part = {name: state[name] for name in names}
        save_file(part, tmp_path / f"model-0000{i}-of-00002.safetensors")
    (tmp_path / "optimizer.bin").write_bytes(b"")
    assert is_weights(tmp_path) and states_equal(opened(tmp_path).state, golden.weights())


def test_a_pipelines_scheduler_is_heeded(exported, tmp_path):
    hub_folder(exported, tmp_path / "transformer", {WEIGHTS: [""]}, {})
    (tmp_path / "scheduler").mkdir()
    place = tmp_path / "scheduler" / "scheduler_config.json"
    linear = {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.03}
    place.write_text(json.dumps({**linear, "num_train_timesteps": 500}))
    found = open_weights(tmp_path).diffusion
    assert (found.timesteps, found.beta_end, found.objective) == (500, 0.03, "ddpm")
    place.write_text(json.dumps({**linear, "beta_schedule": "scaled_linear"}))
    assert "none of ours" in refusal(open_weights, tmp_path)


def test_a_pointer_of_git_lfs_is_told_from_weights(tmp_path):
    (tmp_path / "c.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid x\n")
    assert "git lfs pull" in refusal(opened, tmp_path / "c.safetensors")
