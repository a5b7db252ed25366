"""Does ``scaling evaluate`` measure anyone's images, and name what is wrong with them in a line?"""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.cli import main
from scaling.data import DataSpec, load_data
from scaling.evaluation.metrics import figures
from scaling.launch.trial import run_trials
from scaling.records import Run
from scaling.study import Ema, Protocol

DIGITS = ["--protocol", "features=digits-cnn"]


@pytest.fixture(scope="module")
def samples() -> torch.Tensor:
    return load_data(DataSpec()).heldout.uint8[:80]


@pytest.fixture
def folder(tmp_path, samples):
    path = tmp_path / "images"
    path.mkdir()
    for i, image in enumerate(samples):
        Image.fromarray(image[0].numpy()).save(path / f"{i:03d}.png")
    return path


def test_a_folder_and_an_npz_give_the_protocols_figures(folder, samples, tmp_path, capsys):
    np.savez(tmp_path / "samples.npz", arr_0=samples.permute(0, 2, 3, 1).numpy())
    expected = {row["metric"]: row["value"] for row in figures(samples, DataSpec(), Protocol(
        samples=80, references=("train",), metrics=("fid", "kid", "precision", "recall")))}
    for target in (folder, tmp_path / "samples.npz"):
        main_exits(["evaluate", str(target), "--reference", "digits", *DIGITS, "--json"], 0)
        found = json.loads(capsys.readouterr().out)["figures"]
        assert {row["metric"]: row["value"] for row in found} == pytest.approx(expected)
        assert found[0]["label"] == "FID-80, digits-cnn, vs digits-train" and found[0]["se"] > 0


def test_adms_reference_statistics(folder, tmp_path, capsys):
    g = np.random.default_rng(0)
    np.savez(tmp_path / "ref.npz", mu=np.zeros(64), sigma=np.eye(64))
    main_exits(["evaluate", str(folder), "--reference", str(tmp_path / "ref.npz"), *DIGITS,
                "--protocol", 'metrics=["fid"]'], 0)
    assert capsys.readouterr().out.startswith("FID-80, digits-cnn, vs ref.npz: ")
    np.savez(tmp_path / "other.npz", mu=g.random(2048), sigma=np.eye(2048))
    assert "made with another extractor" in refused(folder, tmp_path / "other.npz", capsys)


def test_a_checkpoint_is_sampled_as_its_trial_was(tiny, tmp_path, capsys):
    run = Run(tmp_path)
    run_trials([tiny.model_copy(update={"evaluate": tiny.evaluate.model_copy(update={"ema": Ema(kind="none", length=0)})})],
               run, lambda progress: None)
    (measured,) = [found for found in run.evaluations() if found["step"] == 12]
    settings = [word for pair in ("samples=80", "sampling_steps=3", 'metrics=["fid"]') for word in ("--protocol", pair)]
    main_exits(["evaluate", str(tmp_path), "--reference", "digits", *DIGITS, *settings, "--json"], 0)
    (row,) = json.loads(capsys.readouterr().out)["figures"]
    assert row["value"] == pytest.approx(measured["figures"][0]["value"], rel=1e-4)
    assert row["label"] == "FID-80, ddpm3, cfg 1.0, digits-cnn, vs digits-train"


def test_what_is_wrong_with_images_is_named(folder, tmp_path, samples, capsys):
    (tmp_path / "empty").mkdir()
    assert "holds no images" in refused(tmp_path / "empty", "digits", capsys)
    assert "no such file" in refused(tmp_path / "none.npz.gz", "digits", capsys)
    Image.new("L", (9, 8)).save(folder / "040x.png")
    assert "040x.png is L of 9x8 pixels" in refused(folder, "digits", capsys)
    Image.new("RGBA", (8, 8)).save(folder / "040x.png")
    assert "040x.png is a RGBA image" in refused(folder, "digits", capsys)
    whole = (folder / "039.png").read_bytes()
    (folder / "040x.png").write_bytes(whole[:len(whole) // 2])
    assert "040x.png cannot be read as an image" in refused(folder, "digits", capsys)
    (folder / "040x.png").unlink()
    np.savez(tmp_path / "float.npz", arr_0=np.zeros((4, 8, 8, 3)))
    assert "images are uint8" in refused(tmp_path / "float.npz", "digits", capsys)
    np.savez(tmp_path / "stats.npz", mu=np.zeros(64), sigma=np.eye(64))
    assert "no images (arr_0)" in refused(tmp_path / "stats.npz", "digits", capsys)
    assert "no images (arr_0), which kid" in refused(folder, tmp_path / "stats.npz", capsys)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 not a zip")
    assert "broken.npz" in refused(tmp_path / "broken.npz", "digits", capsys)
    assert "data sets: digits" in refused(folder, "digitz", capsys)


def refused(target, reference, capsys) -> str:
    main_exits(["evaluate", str(target), "--reference", str(reference), *DIGITS], 2)
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1
    return error


def main_exits(args: list[str], code: int) -> None:
    with pytest.raises(SystemExit) as stop:
        main(args)
    assert stop.value.code == code
