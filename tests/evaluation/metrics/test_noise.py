"""Are samples that show nothing told to be noise, and real ones not?"""

import numpy as np
import pytest
import torch

from scaling.data import load_data, to_uint8
from scaling.evaluation import evaluate
from scaling.evaluation.images.real_images import tensor_images
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics import noise
from scaling.evaluation.metrics.measure import figures
from scaling.evaluation.metrics.noise import noise_distance
from scaling.records.noise import noise_warning
from scaling.study import DataSpec, Protocol

PROTOCOL = Protocol(samples=200, references=("train",), metrics=("fid",))


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "cache"))


def row_of(images: torch.Tensor) -> dict:
    return figures(images, DataSpec(), PROTOCOL)[0]


# as sampling begins; fainter; as an untrained DDPM ends
@pytest.mark.parametrize("scale", [1.0, 0.25, 100.0])
def test_noise_is_told_and_digits_are_not(scale, dimmed):
    g = torch.Generator().manual_seed(7)
    row = row_of(to_uint8(scale * torch.randn(200, 1, 8, 8, generator=g)))
    assert row["value"] > 0.9 * row["noise"]
    assert f"no better than noise, whose FID is {row['noise']:.4g}, by" in row["warning"]
    digits = row_of(dimmed[:200])
    assert digits["noise"] == row["noise"] and digits["warning"] is None


def test_the_distance_is_the_nearest_kinds_and_computed_once(tmp_path, monkeypatch):
    real = load_data(DataSpec()).train.uint8
    reference = Reference(tensor_images("digits", real), "digits-cnn")
    each = [row_of(noise.KINDS[kind]((1, 8, 8), None, 300))["value"] for kind in noise.OF_PIXELS]
    expected = min(each)
    assert noise_distance(reference, "64", (1, 8, 8), 300) == pytest.approx(expected, rel=1e-6)
    monkeypatch.setattr(noise, "frechet_distance", None)
    assert noise_distance(reference, "64", (1, 8, 8), 300) == pytest.approx(expected, rel=1e-6)
    # as many images as there are samples at most, of another number or shape it is another
    assert noise_distance(reference, "64", (1, 8, 8), 10_000) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(TypeError):
        noise_distance(reference, "64", (1, 8, 8), 200)
    with pytest.raises(TypeError):
        noise_distance(reference, "64", (1, 16, 16), 300)


def test_the_distance_is_to_a_files_statistics_whatever_images_are_beside_them(tmp_path):
    pixels = load_data(DataSpec()).train.uint8[:200].permute(0, 2, 3, 1).numpy()
    np.savez(tmp_path / "images.npz", arr_0=pixels)
    own = Reference(tmp_path / "images.npz", "digits-cnn")
    known = own.gaussian("64")
    wider = {"mu": known.mean.numpy(), "sigma": 1.5 * known.cov.numpy()}
    np.savez(tmp_path / "both.npz", arr_0=pixels, **wider)
    np.savez(tmp_path / "statistics.npz", **wider)
    alone, both = (
        noise_distance(Reference(tmp_path / f"{name}.npz", "digits-cnn"), "64", (1, 8, 8), 300)
        for name in ("images", "both")
    )
    statistics = Reference(tmp_path / "statistics.npz", "digits-cnn")
    assert both == noise_distance(statistics, "64", (1, 8, 8), 300) != alone


def test_noise_of_latents_is_decoded():
    real = torch.randint(256, (80, 3, 32, 32), dtype=torch.uint8)
    reference = Reference(tensor_images("any", real), "digits-cnn")
    assert noise_distance(reference, "64", (3, 32, 32), 80, "synthetic") > 0
    decoded = noise.KINDS["latents"]((3, 32, 32), "synthetic", 80)
    assert decoded.shape == (noise.DECODED, 3, 32, 32) and decoded.float().std() > 0


def test_there_are_no_more_noise_images_than_samples():
    """A FID of few images is too high: noise of more images would look better than it is."""
    for kind in noise.OF_PIXELS:
        assert len(noise.KINDS[kind]((1, 8, 8), None, 20)) == 20
    assert len(noise.KINDS["latents"]((3, 32, 32), "synthetic", 20)) == 20
    real = load_data(DataSpec()).train.uint8
    reference = Reference(tensor_images("digits", real), "digits-cnn")
    few, many = (noise_distance(reference, "64", (1, 8, 8), n) for n in (20, 300))
    assert few > many


def test_evaluate_tells_noise(tmp_path):
    pixels = np.random.default_rng(0).integers(256, size=(100, 8, 8, 1), dtype=np.uint8)
    np.savez(tmp_path / "noise.npz", arr_0=pixels)
    told = evaluate.run(tmp_path / "noise.npz", "digits", ['metrics=["fid","kid"]'])
    assert "(samples are no better than noise, whose FID is " in told.splitlines()[0]
    assert "noise, whose" not in told.splitlines()[1]


def test_what_is_not_known_is_not_told():
    assert noise_warning(None, 3.0) is noise_warning(5.0, None) is noise_warning(2.6, 3.0) is None
    assert noise_warning(2.8, 3.0) is not None
