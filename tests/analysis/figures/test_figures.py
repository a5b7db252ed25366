"""Do the figures beyond the digits study say what they show: designs, sampling compute, isoFLOP
profiles, laws?
"""

import itertools
import math

import numpy as np
import polars as pl
import pytest

from analysis.answers import choices
from analysis.figures import designs, gflops, laws, published, sampling
from analysis.figures.hover import positions
from analysis.figures.panels import dashes_of, protocol_legend, settings_note
from analysis.fits import isoflop, parametric
from analysis.fits.points import Runs
from analysis.frames import evaluations_frame, trials_frame
from analysis.report.pictures import images, study_pictures
from tests.analysis.synthetic_study import SIZES, digits_like, law, write_study

BUDGETS = (1e17, 1e18, 1e19)


def texts(figure) -> list[str]:
    images(figure, ("svg",))
    return [text for _, _, text in positions(figure)]


@pytest.fixture(scope="module")
def traded() -> Runs:
    """Seven sizes at each of three budgets under E + A/N^a + B/D^b, without noise."""
    rows = [
        {
            "n": n,
            "d": c / 6 / n,
            "flops": c,
            "loss": 1.7 + 400 / n**0.34 + 410 / (c / 6 / n) ** 0.28,
        }
        for c in BUDGETS
        for n in 0.09 * math.sqrt(c) * np.geomspace(0.15, 6, 7)
    ]
    return Runs.of(pl.DataFrame(rows), n="n", d="d", loss="loss", flops="flops")


def test_isoflop_profiles_show_every_run_and_every_minimum(traded):
    figure = laws.isoflop_profiles(traded, isoflop.fit(traded), note="Data: simulated.")
    profiles, minima = figure.axes
    assert [text.get_text() for text in profiles.get_legend().get_texts()] == [
        "FLOPs",
        "10¹⁷",
        "10¹⁸",
        "10¹⁹",
    ]
    assert "0.4" in minima.get_title(loc="left")
    assert len(texts(figure)) == 21 + 3 + 3
    assert "21 runs. Data: simulated." in figure.get_supxlabel().replace("\n", " ")


def test_the_loss_law_states_its_floor_only_where_there_is_one(traded):
    (axes,) = laws.loss_law(parametric.fit(traded), resamples=20).axes
    assert axes.get_title(loc="left").startswith("$L = 1.70 + ")
    flat = Runs.checked(
        traded.names, {**traded.columns, "loss": traded["loss"] - 1.7}, traded.cluster
    )
    (axes,) = laws.loss_law(parametric.fit(flat), resamples=20).axes
    assert axes.get_title(loc="left").startswith("$L = 40")


def test_block_designs_are_compared_at_one_size_and_patch(tmp_path):
    kinds = ["in-context", "adaln-zero"]
    study = write_study(
        tmp_path,
        digits_like(
            {"size": SIZES[-1:], "model.patch": [4, 2], "model.conditioning": kinds},
            seeds=1,
            name="blocks",
        ),
    )
    figure = designs.fid_by_conditioning(evaluations_frame(study))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["DiT-d3w64/4", "DiT-d3w64/2"]
    assert "FID" in figure.axes[0].get_ylabel()
    assert sum(text.startswith("adaln-zero: FID") for text in texts(figure)) == 10
    assert study_pictures(study, ("svg",))["fid_by_conditioning"].files
    diverged = evaluations_frame(study).with_columns(
        state=pl.when(pl.col("conditioning") == "in-context")
        .then(pl.lit("diverged"))
        .otherwise("state")
    )
    figure = designs.fid_by_conditioning(diverged)
    assert sum(text.startswith("in-context: FID") for text in texts(figure)) == 0
    assert "Dotted: diverged or failed, in no mean (DiT-d3w64-4" in figure.get_supxlabel().replace(
        "\n", " "
    )


def test_sampling_compute_is_forward_gflops_times_steps(tmp_path):
    study = write_study(
        tmp_path,
        digits_like(
            {"size": SIZES[:2], "evaluate.protocol.sampling_steps": [8, 32]}, seeds=2, name="steps"
        ),
        noise=0.0,
        fid=lambda trial, step: law(trial, step),
    )
    figure = sampling.fid_vs_sampling_gflops(trials_frame(study))
    (line, _) = figure.axes[0].lines
    assert line.get_xdata()[1] == pytest.approx(4 * line.get_xdata()[0])
    assert "Steps of ddpm: 8, 32." in figure.get_supxlabel().replace("\n", " ")
    assert "DiT-d2w16/2, 32 steps: FID" in " ".join(texts(figure))
    with pytest.raises(ValueError, match="no model was sampled at two numbers of steps"):
        sampling.fid_vs_sampling_gflops(trials_frame(study).filter(pl.col("sampling_steps") == 8))


def test_what_is_drawn_past_ten_times_the_data_says_so(traded, noise_free):
    """Every figure that extrapolates; within ten times none says it."""
    trials, fitted, found = trials_frame(noise_free), parametric.fit(traded), isoflop.fit(traded)
    far = "times the largest budget, past 10 times the data"
    for draw, told in (
        (lambda n: laws.loss_law(fitted, resamples=20, ahead=n), far),
        (lambda n: laws.isoflop_profiles(traded, found, ahead=n), far),
        (
            lambda n: laws.fid_law(trials, ahead=n),
            "times the largest model, past 10 times the data",
        ),
    ):
        near, beyond = (
            " ".join(axes.get_title(loc="left") for axes in draw(n).axes).replace("\n", " ")
            for n in (10, 30)
        )
        assert "past" not in near
        assert f"Reaches 30 {told}: nothing checks a law there." in beyond


def test_no_name_of_a_bubble_lies_over_another():
    """Two of the paper's models have 5.6 and 6.1 Gflops and one FID."""
    figure = published.bubbles()
    images(figure, ("svg",))
    grid, beside = (
        [tuple(bubble.get_facecolor()[0][:3]) for bubble in axes.collections]
        for axes in figure.axes
    )
    # XL/2, the largest of its panel: a colour is a patch, or grey
    assert set(grid) & set(beside) == {grid[0]}
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) >= 5
        assert not [one for one, other in itertools.combinations(boxes, 2) if one.overlaps(other)]
        assert all(axes.bbox.containsx(box.x0) and axes.bbox.containsy(box.y0) for box in boxes)


def test_ways_of_sampling_stand_in_the_order_of_their_numbers_beside_the_one_they_are_compared_with(
    tmp_path,
):
    axes = {"size": SIZES, "evaluate.protocol.sampling_steps": [8, 250, 16, 64]}
    trials = trials_frame(write_study(tmp_path, digits_like(axes, seeds=1, name="steps")))
    figure = laws.exponent_choices(choices.spread(trials))
    named = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert named[0] == "FID on Gflops at ddpm16, cfg 1.0"
    assert named[-3:] == [f"sampling: ddpm{n}, cfg 1.0" for n in (8, 64, 250)]


def test_many_protocols_are_told_apart_by_dashes_of_their_own_and_by_what_they_differ_in():
    protocols = {f"p{i}": f"FID-1K, ddpm100, cfg {i}.0, digits-cnn, vs train" for i in range(1, 8)}
    ((name, entries),) = protocol_legend(protocols).items()
    assert name.replace("\n", " ") == "FID-1K, ddpm100, digits-cnn, vs train"
    assert [words for _, words in entries] == [f"cfg {i}.0" for i in range(1, 8)]
    assert len(set(dashes_of(protocols).values())) == 7
    few = dict(list(protocols.items())[:2])
    assert [words.replace("\n", " ") for _, words in protocol_legend(few)["Protocol"]] == list(
        few.values()
    )


def test_a_note_tells_the_range_of_steps_and_that_of_rates(finished):
    """Of evaluations, each at the last step of its trial, and of trials."""
    evaluations = evaluations_frame(finished)
    note = gflops.metrics_vs_gflops(evaluations).get_supxlabel().replace("\n", " ")
    assert "batch 64; 500 steps; learning rate 0.003." in note
    trials = trials_frame(finished).with_columns(
        steps=pl.Series([200, 1500] * 18), lr=pl.Series([1e-4, 2e-4] * 18)
    )
    assert settings_note(trials).endswith(
        "batch 64; 200 to 1,500 steps; learning rate 0.0001 to 0.0002."
    )


def test_choices_are_named_in_words(finished):
    figure = laws.exponent_choices(choices.spread(trials_frame(finished)), note="Data: digits.")
    named = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert named[:3] == ["FID on Gflops", "metric: KID", "metric: held-out loss"]
    assert "without: d3w64" in named
    assert texts(figure)[0].startswith("FID on Gflops: −0.")


def test_every_mark_lies_inside_its_picture(finished):
    for name, one in study_pictures(finished, ("svg",)).items():
        assert one.marks or one.missing or name == "sample_grid", name
        assert all(0 < left < 100 and 0 < top < 100 and text for left, top, text in one.marks), name
