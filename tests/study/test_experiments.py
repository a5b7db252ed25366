"""Do the studies that ship say what they cost, and are they priced without their data?"""

import importlib
import re

import pytest

from scaling.cli import main
from scaling.study import Plan, cost, load_study
from scaling.study.planning.devices import peak_flops

STUDIES = (
    "dit_imagenet256",
    "conditioning_blocks",
    "long_run",
    "imagenet512",
    "flow_vs_diffusion",
    "cifar10",
)


def priced(name: str) -> float:
    module = importlib.import_module(f"experiments.{name}")
    return cost.gpu_hours(Plan.of(module.STUDY).train_flops, module.MFU)


def sampled(name: str) -> float:
    """GPU-hours of the network in sampling for every evaluation, in the protocol's precision."""
    hours = 0.0
    for trial in load_study(name).trials:
        protocol = trial.evaluate.protocol
        images = protocol.samples * len(trial.eval_steps)
        hours += cost.gpu_hours(
            2e9 * cost.sampling_gmacs(trial.model, trial.diffusion, protocol) * images,
            0.4,
            peak_flops("NVIDIA H100 80GB HBM3", protocol.precision),
        )
    return hours


@pytest.mark.parametrize("name", STUDIES)
def test_the_docstring_says_question_price_and_expectation(name):
    text = importlib.import_module(f"experiments.{name}").__doc__
    stated, mfu, sampling, precision = re.search(
        r"Price: ([\d.]+) GPU-hours on an H100 at (\d+) % MFU for training, in bf16. Sampling adds "
        r"([\d.]+), in (\w+)",
        text,
    ).groups()
    assert int(mfu) == 40 and float(stated) == round(priced(name), 1 if "." in stated else 0)
    assert float(sampling) == round(sampled(name), 1 if "." in sampling else 0)
    assert {
        (t.train.precision, t.evaluate.protocol.precision) for t in load_study(name).trials
    } == {("bf16", precision)}
    assert (
        text.splitlines()[0].count("?") == 1
        and "Expected" in text
        and re.search(r"Table|arXiv", text)
    )


def test_the_papers_protocol_is_that_of_the_paper():
    study = load_study("dit_imagenet256")
    assert {t.model.name for t in study.trials} == {
        f"DiT-{s}/{p}" for s in ("S", "B", "L", "XL") for p in (8, 4, 2)
    }
    for trial in study.trials:
        t, e = trial.train, trial.evaluate
        assert (t.lr, t.weight_decay, t.batch, t.label_dropout, t.steps) == (
            1e-4,
            0.0,
            256,
            0.1,
            400_000,
        )
        assert (e.ema.kind, e.ema.length, trial.eval_steps) == (
            "decay",
            0.9999,
            tuple(range(50_000, 400_001, 50_000)),
        )
        assert e.protocol.label("fid").startswith(
            "FID-50K, ddpm250, cfg 1.0"
        ) and "inception" in e.protocol.label("fid")


def test_what_two_studies_share_is_trained_once():
    ids = {name: {t.train_id for t in load_study(name).trials} for name in STUDIES}
    grid = ids["dit_imagenet256"]
    assert len(grid & ids["conditioning_blocks"]) == 1 and len(grid & ids["flow_vs_diffusion"]) == 4
    assert ids["long_run"] < grid and len(ids["long_run"]) == 1


def test_cifar10_takes_one_gpu_day():
    assert 20 < priced("cifar10") + sampled("cifar10") < 24.5


@pytest.mark.parametrize("name", STUDIES)
def test_a_dry_run_needs_no_data_and_writes_nothing(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["sweep", name, "--dry-run"])
    assert (
        stop.value.code == 0
        and "training FLOPs" in capsys.readouterr().out
        and not list(tmp_path.iterdir())
    )


@pytest.mark.parametrize("name", ("sampling_compute", "guidance"))
def test_sampling_studies_sample_what_the_grid_trains(name):
    """At the paper's scale nothing is trained but the models of dit_imagenet256."""
    trained = {t.train_id for t in load_study("dit_imagenet256").trials}
    assert {
        t.train_id
        for t in importlib.import_module(f"experiments.{name}").STUDY.scales["imagenet256"]
    } <= trained


def test_both_patches_of_a_rung_of_video_tokens_cost_the_same():
    by_rung: dict[str, set] = {}
    for trial in load_study("video_tokens").trials:
        m = trial.model
        assert (m.tokens, m.patch_pixels) == (72, 16)
        by_rung.setdefault(m.rung, set()).add(
            (cost.params(m), cost.forward_macs(m), trial.train.lr)
        )
    assert len(by_rung) == 3 and all(len(costs) == 1 for costs in by_rung.values())
