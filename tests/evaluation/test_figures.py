"""Are samples reproducible and FIDs torch-fidelity's?"""

import pytest
import torch
from torch_fidelity import calculate_metrics

from scaling.data import DataSpec, load_data
from scaling.evaluation import digits_cnn
from scaling.evaluation.generate import generate
from scaling.evaluation.metrics import Uint8Images, figures
from scaling.evaluation.train_digits_cnn import accuracy
from scaling.models import build_model
from scaling.study import DiffusionSpec, Protocol
from scaling.study.settings import with_settings


@pytest.fixture
def model(tiny):
    torch.manual_seed(0)
    model = build_model(tiny.model).eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.05)
    return model


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


@pytest.mark.parametrize("protocol", [
    Protocol(samples=12, sampling_steps=4), Protocol(samples=12, sampling_steps=4, sampler="ddim"),
    Protocol(samples=12, sampling_steps=4, guidance=3.0), Protocol(samples=12, sampling_steps=4, class_draw="balanced")])
def test_sample_i_depends_on_seed_and_i_alone(tiny, model, protocol):
    whole, labels, _ = generate(model, tiny.model, DiffusionSpec(), protocol)
    part, part_labels, _ = generate(model, tiny.model, DiffusionSpec(), protocol, rows=range(5, 9))
    assert torch.equal(labels[5:9], part_labels)
    assert (whole[5:9].int() - part.int()).abs().max() <= 1  # one grey level: rounding in another batch size


def test_balanced_classes_are_balanced(tiny, model):
    _, labels, _ = generate(model, tiny.model, DiffusionSpec(),
                            Protocol(samples=20, sampling_steps=2, class_draw="balanced"))
    assert torch.bincount(labels).tolist() == [2] * 10


def test_another_seed_gives_other_samples(tiny, model):
    a, b = (generate(model, tiny.model, DiffusionSpec(),
                     Protocol(samples=8, sampling_steps=3, sampling_seed=s))[0] for s in (0, 1))
    assert not torch.equal(a, b)


def test_samples_that_are_not_finite_are_counted(tiny, model):
    torch.nn.init.constant_(model.final_layer.linear.bias, float("nan"))
    _, _, nonfinite = generate(model, tiny.model, DiffusionSpec(), Protocol(samples=6, sampling_steps=2))
    assert nonfinite == 6


def test_guidance_one_is_the_conditional_model(tiny, model):
    a, b = (generate(model, tiny.model, DiffusionSpec(), Protocol(samples=6, sampling_steps=3, guidance=g))[0]
            for g in (1.0, 1.0 + 1e-9))
    assert (a.int() - b.int()).abs().max() <= 1
    assert with_settings(tiny, {"evaluate.protocol.guidance": 2.0}).eval_id(12) != tiny.eval_id(12)
