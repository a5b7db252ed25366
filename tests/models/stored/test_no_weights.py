"""Does a folder without weights of its own say where they are, or how to make a file of them?"""

import pytest
import torch

from scaling.models.stored.open_weights import open_weights
from tests.models import golden
from tests.models.test_weights import refusal


@pytest.mark.parametrize(
    "file",
    [
        "checkpoints/0050000.pt",  # DiT's results folder
        "snapshots/abc/model.safetensors",  # the hub's cache
        "version_0/checkpoints/epoch=1-step=2.ckpt",
    ],
)
def test_weights_in_folders_below_are_named(tmp_path, file):
    (tmp_path / file).parent.mkdir(parents=True)
    torch.save({"ema": golden.weights()}, tmp_path / file)
    message = refusal(open_weights, tmp_path)
    assert message.endswith(f"name the file, such as {tmp_path / file}")


def test_parts_of_distributed_trainings_are_told_how_to_be_joined(tmp_path):
    parts = tmp_path / "run" / "pytorch_model_fsdp_0"
    parts.mkdir(parents=True)
    (parts / ".metadata").touch()
    assert f"dcp_to_torch {parts} FILE.pt" in refusal(open_weights, tmp_path / "run")
    other = tmp_path / "other"
    other.mkdir()
    (other / "zero_to_fp32.py").touch()
    assert f"python {other / 'zero_to_fp32.py'} {other} " in refusal(open_weights, other)


def test_an_optimisers_file_is_not_named(tmp_path):
    for name in ("mp_rank_00_model_states.pt", "zero_pp_rank_0_mp_rank_00_optim_states.pt"):
        torch.save({}, tmp_path / name)
    assert refusal(open_weights, tmp_path).endswith("mp_rank_00_model_states.pt")
