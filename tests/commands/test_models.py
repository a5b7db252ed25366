"""Do ``scaling count`` and ``scaling export`` print, write, and leave with 2 and one line on bad
input?
"""

import json

import pytest
import torch

from tests.commands.outcome import outcome
from tests.models import golden


def test_count_prints_json(capsys):
    code, out, _ = outcome(capsys, "count", "DiT-S/8", "--resolution", 512, "--json")
    assert code == 0
    assert json.loads(out)[0]["tokens"] == 64


def test_export_writes_a_checkpoint_that_torch_loads(capsys, tmp_path):
    torch.save({"ema": golden.weights()}, tmp_path / "c.pt")
    code, out, _ = outcome(
        capsys, "export", tmp_path / "c.pt", "--to", "dit", "--out", tmp_path / "d.pt", "--heads", 3
    )
    assert code == 0 and "written to" in out
    assert torch.load(tmp_path / "d.pt", weights_only=True).keys() == golden.weights().keys()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["count", "DiT-M/2"], "unknown model 'DiT-M/2'; nearest: DiT-"),
        (["count", "DiT-S/3"], "patch 3 does not divide the input size 32"),
        (["count", "--conditioning", "film"], "'film'"),
        (["count", "DiT-S/2", "--conditioning", "text"], "Input should be 'adaln-zero'"),
        (["count", "ldm-4", "--conditioning", "text"], "ldm-4 has no choice of conditioning"),
        (["count", "sd3-d15", "--conditioning", "film"], "Input should be 'classes' or 'text'"),
        (["count", "adm-512", "--resolution", "256"], "adm-512 is made for 512 pixels a side"),
        (["export", "none.pt", "--to", "dit"], "checkpoint none.pt does not exist"),
        (["export", "none.pt", "--to", "onnx"], "unknown format 'onnx'; known: diffusers, dit"),
    ],
)
def test_bad_input_is_one_line_and_code_2(capsys, arguments, message):
    code, _, err = outcome(capsys, *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_damaged_checkpoint_is_one_line_and_code_2(capsys, tmp_path):
    torch.save(golden.weights(), tmp_path / "c.pt")
    (tmp_path / "c.pt").write_bytes((tmp_path / "c.pt").read_bytes()[:1000])
    code, _, err = outcome(capsys, "export", tmp_path / "c.pt", "--to", "dit")
    assert code == 2
    assert "(1000 bytes) is truncated or damaged" in err
    assert err.count("\n") == 1
