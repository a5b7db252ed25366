"""Is a known compute multiplier found, at the rate its interval claims, with its trend and
crossover?
"""

import math

import numpy as np
import polars as pl
import pytest

from analysis.answers.compare import BETTER, compare, compare_frames
from analysis.answers.compare.text import compare_text
from analysis.figures.compare import multipliers
from scaling.study.costs.cost import train_flops
from tests.analysis.rung_effects import recipe
from tests.analysis.synthetic_study import SIZES, digits_like, write_study


def test_what_cannot_be_compared_is_refused():
    rng = np.random.default_rng(4)
    a, b = recipe(rng, lambda c: 0), recipe(rng, lambda c: 0)
    other = b.with_columns(protocol=pl.lit("q"))
    with pytest.raises(
        ValueError, match=r"2 protocols are mixed, as in t0-0 and t0-0 .*--across-protocols"
    ):
        compare_frames(a, other)
    (across,) = compare_frames(a, other, across_protocols=True)
    assert compare_text([across]).startswith("Across protocols, as asked for")
    assert "different quantities" in multipliers([across], "A", "B").get_supxlabel().replace(
        "\n", " "
    )
    with pytest.raises(ValueError, match="no patch has two sizes that both"):
        compare_frames(a, b.with_columns(rung=pl.format("x{}", "rung")))
    few = [
        frame.filter(pl.col("seed") == 0, pl.col("rung").is_in(["s0", "s3"])) for frame in (a, b)
    ]
    with pytest.raises(ValueError, match="have one seed, and no error is known without a second"):
        compare_frames(*few)
    with pytest.raises(ValueError, match="does not fall clearly"):
        compare_frames(a.with_columns(fid=10 + pl.col("seed").cast(pl.Float64)), b)


def test_two_studies_on_disk(tmp_path):
    def worse(trial, step):
        return 100 * (train_flops(trial.spec.model, step * trial.spec.train.batch)) ** -0.2

    def better(trial, step):
        return 100 * (2 * train_flops(trial.spec.model, step * trial.spec.train.batch)) ** -0.2

    a, b = (
        write_study(
            tmp_path / name, digits_like({"size": SIZES}, seeds=3, name=name), noise=0.004, fid=fid
        )
        for name, fid in (("plain", worse), ("doubled", better))
    )
    (found,) = compare(a, b)
    low, high = found.mean.interval()
    assert low < math.log(2) < high
    assert low > math.log(1.8)


def with_losses(study, gain):
    """``study`` with held-out losses that fall as compute^-0.2, ``gain`` times as much of it."""
    for trial in study.plan().trials:
        run, noise = (
            study.run(trial.train_id),
            0.004 * np.random.default_rng(trial.spec.train.seed).standard_normal(),
        )
        for step, eval_id in trial.eval_ids.items():
            flops = gain * train_flops(trial.spec.model, step * trial.spec.train.batch)
            loss = math.exp(noise) * flops**-0.2
            run.write_evaluation(
                eval_id, run.evaluation(eval_id) | {"heldout_loss": loss, "heldout_mse": loss / 2}
            )
    return study


def test_losses_are_compared_however_the_models_are_sampled_each_training_once(tmp_path):
    ways = {"evaluate.protocol.guidance": [1.0, 1.5], "evaluate.protocol.sampling_steps": [50, 100]}
    once = write_study(tmp_path / "a", digits_like({"size": SIZES}, name="once"))
    several = write_study(
        tmp_path / "b", digits_like({"size": SIZES, "train.lr": [2e-3]} | ways, name="several")
    )
    same = write_study(
        tmp_path / "c", digits_like({"size": SIZES, "train.lr": [2e-3]}, name="same")
    )
    for study, gain in ((once, 1), (several, 2), (same, 2)):
        with_losses(study, gain)
    for metric in ("heldout_loss", "heldout_mse"):
        (found,), (alone,) = compare(once, several, metric), compare(once, same, metric)
        assert (found.rungs, found.mean, found.seeds) == (
            alone.rungs,
            alone.mean,
            3,
        ) and found.verdict == BETTER
        assert found.rungs[0].multiplier == pytest.approx(2, rel=0.1)
        assert (
            found.note.startswith("sampled by 4 protocols (FID-1K, ddpm50, cfg 1.0")
            and not alone.note
        )
        assert found.protocols == ("held-out images of digits",)
    with pytest.raises(ValueError, match="4 protocols are mixed"):
        compare(once, several)


def test_losses_of_other_images_or_noise_are_no_one_figure(tmp_path):
    def study(name, **fields):
        return write_study(
            tmp_path / name,
            digits_like({"size": SIZES, **{k: [v] for k, v in fields.items()}}, name=name),
        )

    epsilon = {"diffusion.objective": "epsilon", "model.learn_sigma": False}
    plain, other = study("plain"), study("other", **{"data.source": "mnist"})
    with pytest.raises(
        ValueError,
        match=r"2 protocols are mixed.*held-out images of digits; held-out images of mnist",
    ):
        compare(plain, other, "heldout_loss")
    with pytest.raises(
        ValueError,
        match=r"of ddpm over 1000 timesteps.* and of epsilon .*--metric fid or heldout_mse",
    ):
        compare(plain, study("epsilon", **epsilon), "heldout_loss")
    with pytest.raises(
        ValueError,
        match=r"betas 0.0001 to 0.01 and of epsilon over 1000 timesteps, betas 0.0001 to 0.02",
    ):
        compare(plain, study("quiet", **{"diffusion.beta_end": 0.01}), "heldout_mse")
    (across,) = compare(
        with_losses(plain, 1), with_losses(other, 1), "heldout_loss", across_protocols=True
    )
    assert compare_text([across]).startswith("Across protocols, as asked for")


def test_rungs_of_one_study_alone_are_named_and_in_no_multiplier():
    rng = np.random.default_rng(7)
    a, b = recipe(rng, lambda c: 0, 0), recipe(rng, lambda c: math.log(2), 0)
    steep = a.with_columns(
        fid=pl.when(pl.col("rung") == "s0").then(pl.col("fid") * 9).otherwise("fid")
    )
    (found,) = compare_frames(steep, b.filter(pl.col("rung") != "s0"))
    assert [rung.multiplier for rung in found.rungs] == pytest.approx([2] * 3)
    assert found.note == "left out: A alone completed s0/2"
    assert not compare_frames(a, b)[0].note


def test_studies_of_a_family_are_compared_along_its_series(convolutions):
    """With itself: each multiplier is 1."""
    compared = compare(convolutions, convolutions)
    assert [one.curve for one in compared] == ["kernel 3", "kernel 1"]
    assert [rung.name for rung in compared[0].rungs] == ["w16/3", "w32/3", "w48/3", "w64/3"]
    assert all(rung.multiplier == pytest.approx(1) for one in compared for rung in one.rungs)
