"""Are the figures torch-fidelity's, does each say what it is, and is what cannot be measured
missing?
"""

import pytest
from torch_fidelity import calculate_metrics

from scaling.data import DataSpec, load_data
from scaling.evaluation.features.extractors import layers_of
from scaling.evaluation.metrics.measure import figures
from scaling.study import Protocol
from tests.evaluation.fidelity import Uint8Images, by_metric


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
