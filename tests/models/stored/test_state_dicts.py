"""Are wrappers' names stripped, averages told apart, and other types and NaN noticed?"""

import pytest
import torch
from safetensors.torch import save_file

from scaling.models.formats.diffusers import WEIGHTS
from tests.models import golden
from tests.models.formats.test_export import states_equal
from tests.models.stored.saved import opened, prefixed, raw
from tests.models.test_weights import refusal

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
    "ema-pytorch": lambda: {
        "model": raw(),
        "ema": {**prefixed("online_model.", raw()), **prefixed("ema_model.")},
    },
    "numpy's arrays": lambda: {"params": {k: v.numpy() for k, v in golden.weights().items()}},
    "with a vae beside it": lambda: {**prefixed("model."), "vae.encoder.weight": torch.zeros(2)},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers_do_not_matter(tmp_path, name):
    torch.save(WRAPPED[name](), tmp_path / "c.pt")
    assert states_equal(opened(tmp_path / "c.pt").state, golden.weights())


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


@pytest.mark.parametrize("form", [lambda w: w.to("meta"), lambda w: w[0].to_sparse()])
def test_weights_without_dense_values_are_refused(tmp_path, form):
    state = golden.weights()
    torch.save({**state, "pos_embed": form(state["pos_embed"])}, tmp_path / "c.pt")
    assert (
        "pos_embed of" in (said := refusal(opened, tmp_path / "c.pt")) and "save it dense" in said
    )


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
        from scaling.models.formats.diffusers import to_diffusers

        save_file(to_diffusers(golden.SPEC, state), path / WEIGHTS)
    message = refusal(opened, path)
    name = "transformer_blocks.1.attn1.to_q" if kind == "diffusers" else "blocks.1.attn.qkv"
    assert "not finite" in message and f"{name}.weight has 1 of" in message
