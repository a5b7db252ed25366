"""Is a checkpoint that is damaged, dangerous or another model's refused in one line that says
so?
"""

import os

import pytest
import torch
from safetensors.torch import save_file

from scaling.models import build_model
from scaling.models.formats.export import open_checkpoint
from scaling.models.weights import load_weights
from tests.models import golden


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(ValueError) as error:
        call(*args, **kwargs)
    assert "\n" not in str(error.value)
    return str(error.value)


class Code:
    def __reduce__(self):
        return os.mkdir, ("was-run",)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"ema": golden.weights(), "extra": Code()}, tmp_path / "c.pt")
    message = refusal(open_checkpoint, tmp_path / "c.pt", heads=3)
    assert "carries code and is refused" in message and "mkdir" in message
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_refused_with_its_size(tmp_path, suffix, share):
    path = tmp_path / f"c{suffix}"
    if suffix == ".pt":
        torch.save(golden.weights(), path)
    else:
        save_file(golden.weights(), path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    message = refusal(open_checkpoint, path, heads=3)
    assert f"({path.stat().st_size} bytes)" in message and "damaged" in message


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "c.pt").write_text("hello")
    assert "damaged" in refusal(open_checkpoint, tmp_path / "c.pt")
    torch.save({"epoch": 3}, tmp_path / "d.pt")
    assert "holds no state dict" in refusal(open_checkpoint, tmp_path / "d.pt")
    assert "does not exist" in refusal(open_checkpoint, tmp_path / "none.pt")
    assert f"such as {tmp_path / 'd.pt'}" in refusal(open_checkpoint, tmp_path)
    (tmp_path / "empty").mkdir()
    assert "holds neither manifest.json" in refusal(open_checkpoint, tmp_path / "empty")


def test_missing_and_unknown_keys_and_wrong_shapes_are_named():
    state = golden.weights()
    del state["blocks.1.attn.qkv.bias"]
    state["blocks.7.extra"] = torch.zeros(1)
    state["x_embedder.proj.weight"] = torch.zeros(48, 4, 4, 4)
    message = refusal(load_weights, build_model(golden.SPEC), state)
    assert "1 missing: blocks.1.attn.qkv.bias" in message
    assert "1 unknown: blocks.7.extra" in message
    assert "x_embedder.proj.weight is (48, 4, 4, 4), not (48, 4, 2, 2)" in message


def test_the_weights_of_another_size_are_named():
    larger = golden.SPEC.model_copy(update={"input_size": 16})
    assert "pos_embed is (1, 16, 48), not (1, 64, 48)" in refusal(
        load_weights, build_model(larger), golden.weights()
    )
