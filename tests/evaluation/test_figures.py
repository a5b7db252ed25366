"""Are FIDs torch-fidelity's?"""

import pytest
import torch
from torch_fidelity import calculate_metrics

from scaling.data import DataSpec, load_data
from scaling.evaluation import digits_cnn
from scaling.evaluation.metrics import Uint8Images, figures
from scaling.evaluation.train_digits_cnn import accuracy
from scaling.study import Protocol


def test_the_shipped_weights_classify_heldout_digits():
    net = digits_cnn.DigitsCnnExtractor(digits_cnn.NAME, ["logits"]).net.eval()
    assert accuracy(net) >= 0.97
    assert digits_cnn.WEIGHTS.stat().st_size < 500_000


def test_fid_and_kid_are_torch_fidelitys():
    data = load_data(DataSpec())
    samples = (data.heldout.uint8.float() * 0.9).to(torch.uint8)
    digits_cnn.register()
    for reference in ("train", "heldout"):
        theirs = calculate_metrics(
            input1=Uint8Images(samples), input2=Uint8Images(data.subset(reference).uint8), cuda=False, fid=True,
            kid=True, feature_extractor="digits-cnn", kid_subsets=50, kid_subset_size=182, save_cpu_ram=True,
            verbose=False, rng_seed=0)
        ours = {f["metric"]: f for f in figures(samples, DataSpec(), Protocol(samples=364, references=(reference,)))}
        assert ours["fid"]["value"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
        assert ours["kid"]["value"] == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)


def test_every_figure_says_what_it_is():
    rows = figures(load_data(DataSpec()).heldout.uint8, DataSpec(), Protocol(samples=364))
    assert [row["label"] for row in rows if row["metric"] == "fid"] == [
        "FID-364, ddpm50, cfg 1.0, digits-cnn, vs train", "FID-364, ddpm50, cfg 1.0, digits-cnn, vs heldout"]
    assert rows[2]["value"] == pytest.approx(0.0, abs=1e-3)  # held-out images against themselves


def test_no_metrics_means_no_figures():
    assert figures(load_data(DataSpec()).heldout.uint8, DataSpec(), Protocol(metrics=())) == []
