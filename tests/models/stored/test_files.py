"""Are files and folders of weights read by their content, shards together, variants by name?"""

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from scaling.models.stored.open_weights import is_weights, open_weights
from scaling.study.specs.weights import WeightsSpec
from tests.models import golden
from tests.models.formats.test_export import states_equal
from tests.models.stored.saved import hub_folder, opened
from tests.models.test_weights import refusal


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".safetensors"])
def test_a_file_is_read_by_its_content(tmp_path, suffix):
    for save in (torch.save, save_file):
        save(golden.weights(), tmp_path / f"c{suffix}")
        assert states_equal(opened(tmp_path / f"c{suffix}").state, golden.weights())


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


def test_a_pointer_of_git_lfs_is_told_from_weights(tmp_path):
    (tmp_path / "c.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid x\n")
    assert "git lfs pull" in refusal(opened, tmp_path / "c.safetensors")
