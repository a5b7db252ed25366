"""Do the verbs of images hand their options on, and refuse in one line what cannot be read?"""

import json

import numpy as np
import pytest

from tests.commands.outcome import assert_refused, outcome


def test_evaluate_measures_what_the_protocol_names(capsys, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (70, 8, 8, 1), dtype=np.uint8)
    np.savez(tmp_path / "noise.npz", images)
    protocol = ("features=digits-cnn", 'metrics=["fid"]')
    options = [part for pair in protocol for part in ("--protocol", pair)]
    code, out, _ = outcome(
        capsys, "evaluate", tmp_path / "noise.npz", "--reference", "digits", *options, "--json"
    )
    (fid,) = json.loads(out)["figures"]
    assert code == 0 and fid["label"] == "FID-70, digits-cnn, vs digits-train"
    assert fid["value"] > 10 > fid["se"] > 0  # noise is far from digits


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["evaluate", "none.npz", "--reference", "digits"], "none.npz cannot be read as an .npz"),
        (["evaluate", ".", "--reference", "digits"], "holds no images"),
        (
            ["encode", "--images", "none", "--vae", "synthetic", "--size", 32, "--out", "store"],
            "no image folder at none",
        ),
    ],
)
def test_what_cannot_be_read_is_one_line_and_code_2(
    capsys, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    assert_refused(capsys, tmp_path, message, *arguments)
