"""Are the figures torch-fidelity's, does each say what it is, and is what cannot be measured
missing?
"""

import os

import pytest
import torch
from torch.utils.data import Dataset
from torch_fidelity import calculate_metrics

from scaling.data import DataSpec, load_data
from scaling.evaluation import digits_cnn, reference
from scaling.evaluation.extractors import layers_of
from scaling.evaluation.metrics import figures, measure
from scaling.evaluation.reference import Reference, tensor_images
from scaling.evaluation.train_digits_cnn import accuracy
from scaling.study import Protocol


class Uint8Images(Dataset):
    """Images (N, C, H, W) as torch-fidelity reads them."""

    def __init__(self, images: torch.Tensor):
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> torch.Tensor:
        return self.images[i]


@pytest.fixture(scope="module")
def dimmed() -> torch.Tensor:
    """364 held-out digits, darker: samples of a kind."""
    return (load_data(DataSpec()).heldout.uint8.float() * 0.9).to(torch.uint8)


def by_metric(rows: list[dict]) -> dict[str, dict]:
    return {row["metric"]: row for row in rows}


def test_the_shipped_weights_classify_heldout_digits():
    net = digits_cnn.DigitsCnnExtractor(digits_cnn.NAME, ["logits"]).net.eval()
    assert accuracy(net) >= 0.97
    assert digits_cnn.WEIGHTS.stat().st_size < 500_000


@pytest.mark.parametrize("name", ["train", "heldout"])
def test_figures_are_torch_fidelitys(dimmed, name):
    theirs = calculate_metrics(
        input1=Uint8Images(dimmed),
        input2=Uint8Images(load_data(DataSpec()).subset(name).uint8),
        cuda=False,
        fid=True,
        kid=True,
        isc=True,
        prc=True,
        feature_extractor=layers_of("digits-cnn").registered,
        kid_subsets=50,
        kid_subset_size=182,
        save_cpu_ram=True,
        verbose=False,
        rng_seed=0,
    )
    ours = by_metric(
        figures(
            dimmed,
            DataSpec(),
            Protocol(
                samples=364,
                references=(name,),
                metrics=("fid", "kid", "isc", "precision", "recall"),
            ),
        )
    )
    assert ours["fid"]["value"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
    assert ours["kid"]["value"] == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)
    assert ours["precision"]["value"] == pytest.approx(theirs["precision"], abs=1e-6)
    assert ours["recall"]["value"] == pytest.approx(theirs["recall"], abs=1e-6)
    # other random splits
    assert ours["isc"]["value"] == pytest.approx(theirs["inception_score_mean"], rel=0.02)


def test_every_figure_says_what_it_is():
    rows = figures(load_data(DataSpec()).heldout.uint8, DataSpec(), Protocol(samples=364))
    assert [row["label"] for row in rows if row["metric"] == "fid"] == [
        "FID-364, ddpm50, cfg 1.0, digits-cnn, vs train",
        "FID-364, ddpm50, cfg 1.0, digits-cnn, vs heldout",
    ]
    assert rows[2]["value"] == pytest.approx(0.0, abs=1e-3)  # held-out images against themselves
    assert all(row["se"] is not None and len(row["weights"]) == 16 for row in rows)


def test_no_metrics_means_no_figures():
    assert figures(load_data(DataSpec()).heldout.uint8, DataSpec(), Protocol(metrics=())) == []


def test_one_image_again_and_again_has_no_figures(dimmed):
    rows = figures(dimmed[:1].repeat(100, 1, 1, 1), DataSpec(), Protocol(samples=100))
    assert {row["value"] for row in rows} == {None} and {row["why"] for row in rows} == {
        "all 100 samples are the same image"
    }


def test_fewer_samples_than_features_is_said(dimmed):
    rows = by_metric(
        figures(
            dimmed[:40],
            DataSpec(),
            Protocol(samples=40, references=("train",), metrics=("fid", "fid_infinity")),
        )
    )
    assert (
        "40 samples do not span 64 features" in rows["fid"]["warning"] and rows["fid"]["se"] is None
    )
    assert (
        rows["fid_infinity"]["value"] is None
        and "half of 40 samples" in rows["fid_infinity"]["why"]
    )


def test_copies_of_training_images_are_noticed(dimmed):
    train = load_data(DataSpec()).train.uint8
    found = {
        name: measure(samples, DataSpec(), Protocol(samples=len(samples)))["memorisation"]
        for name, samples in (("copies", train[:200]), ("fresh", dimmed))
    }
    assert found["copies"]["copies"] > 0.95 and found["fresh"]["copies"] < 0.05
    assert found["fresh"]["nearer_to_train"] <= 0.5


def test_a_reference_is_computed_once_and_shared(dimmed, tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path))
    passes = []
    collect = reference.collect
    monkeypatch.setattr(
        reference, "collect", lambda *args: (passes.append(args[1]), collect(*args))[1]
    )
    first, again, other = (
        Reference(tensor_images("x", images), "digits-cnn")
        for images in (dimmed, dimmed.clone(), dimmed[:100])
    )
    assert torch.equal(first.gaussian("64").cov, again.gaussian("64").cov)
    assert torch.equal(first.rows("64"), again.rows("64"))
    assert passes == [364]
    other.gaussian("64")
    assert passes == [364, 100] and not [
        name for name in os.listdir(tmp_path / "references") if name.endswith(".tmp")
    ]
