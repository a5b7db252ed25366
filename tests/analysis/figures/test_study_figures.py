"""Which figures does a study get, and do they say their protocol, their data and what is
missing?
"""

import re

import pytest

from analysis.figures import gflops, published, training
from analysis.figures.sample_grid import sample_grid
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.report.helper import LOST, helper
from analysis.report.pictures import begin, save, study_pictures
from tests.analysis.synthetic_study import SIZES, copied, digits_like, law, write_study


def test_a_study_gets_the_figures_its_records_can_carry(rates, half_run):
    assert {name: one.missing for name, one in study_pictures(rates).items()} == {
        "heldout_vs_lr": ""
    }
    found = study_pictures(half_run, ("svg",))
    drawn = {name for name, one in found.items() if one.files}
    missing = [one.missing for one in found.values() if one.missing]
    assert {
        "fid_vs_gflops",
        "fid_bubbles",
        "fid_vs_steps",
        "heldout_vs_steps",
        "sample_grid",
    } <= drawn
    assert all("needs" in why or "need" in why for why in missing), missing


def test_figures_are_the_same_bytes_when_drawn_again(rates, tmp_path):
    study = copied(rates, tmp_path)

    def drawn() -> dict:
        paths = [
            path
            for name, one in study_pictures(study).items()
            for path in save(study, name, one.files)
        ]
        return {path: path.read_bytes() for path in paths}

    first = drawn()
    assert len(first) == 2 and drawn() == first


def test_a_helper_draws_the_same_and_one_that_is_killed_is_not_missed(rates, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    here = study_pictures(rates)
    assert here["heldout_vs_lr"].marks and set(here["heldout_vs_lr"].files) == {"png", "svg"}
    with helper() as other:
        assert {name: future.result() for name, future in begin(other, rates).items()} == here
        other._process.kill()
        begun = begin(other, rates)
        assert isinstance(begun["heldout_vs_lr"].exception(), LOST)
        assert study_pictures(rates, begun=begun) == here


def test_the_scaling_figure_says_protocol_slope_and_settings(finished):
    figure = gflops.fid_vs_gflops(trials_frame(finished))
    (axes,) = figure.axes
    assert axes.get_ylabel() == "FID-1K, ddpm50, cfg 1.0, digits-cnn, vs train"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert re.search(
        r"Slope of log FID on log Gflops −0\.\d\d, 95 % interval \[", axes.get_title(loc="left")
    )
    assert "over 3 seeds" in axes.get_title(loc="left").replace("\n", " ")
    note = figure.get_supxlabel().replace("\n", " ")
    assert "ddpm50, cfg 1.0" in note
    assert "ema-power-0.05" in note
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"2", "4", "8", "d2w16", "d3w64"} <= set(legend)


def test_the_published_figure_is_drawn_as_ours():
    (axes,) = published.fid_vs_gflops().axes
    assert "−0.93" in axes.get_title(loc="left")


def test_panels_by_patch_share_their_axis(finished):
    figure = training.fid_vs_train_flops(evaluations_frame(finished))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["patch 2", "patch 4", "patch 8"]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_what_training_logs_has_a_figure(finished):
    curves = curves_frame(finished)
    by_bin = training.heldout_by_bin(curves, note="Data: digits.")
    line = by_bin.axes[0].lines[-1]
    assert list(line.get_xdata()) == pytest.approx([(k + 0.5) / 10 for k in range(10)])
    # falls from image to noise
    assert line.get_ydata()[0] / line.get_ydata()[-1] == pytest.approx(19)
    assert "Data: digits." in by_bin.get_supxlabel()
    assert training.grad_norm_vs_steps(curves).axes[0].lines[0].get_ydata()[0] == 20 / 50
    assert training.images_per_s_vs_steps(curves).axes[0].get_ylabel() == "images/s"
    with pytest.raises(
        ValueError, match="no trial has recorded its held-out loss by part of the schedule"
    ):
        training.heldout_by_bin(curves.with_columns(heldout_bins=None))


def test_a_figure_without_its_data_says_what_is_missing(rates):
    with pytest.raises(ValueError, match="no evaluation has a FID; it was not asked for"):
        training.fid_vs_steps(evaluations_frame(rates))
    with pytest.raises(ValueError, match="no samples lie beside the records of a completed trial"):
        sample_grid(rates)


def test_the_sample_grid_shows_the_same_labels_everywhere(finished, half_run):
    whole = sample_grid(finished)
    assert len(whole.axes) == 4 * (3 + 1)
    assert whole.axes[3].get_title() == "real, held out"
    assert {axes.get_images()[0].get_array().shape for axes in whole.axes} == {
        (2 * 9 - 1, 5 * 9 - 1)
    }
    half = sample_grid(half_run)  # no real images there yet
    assert len(half.axes) == 12
    assert sum(bool(axes.get_images()) for axes in half.axes) == 5
    with pytest.raises(ValueError, match="no samples of seed 7; there are seeds 0, 1, 2"):
        sample_grid(finished, seed=7)


def test_samples_of_several_protocols_say_how_each_was_drawn(tmp_path):
    """Of each model the best are shown: here the narrower one's of 8 steps, the wider one's of
    50.
    """

    def fid(trial, step):
        steps = trial.spec.evaluate.protocol.sampling_steps
        return law(trial, step) * (steps if trial.spec.model.width == 16 else 1 / steps)

    axes = {"size": SIZES[:2], "evaluate.protocol.sampling_steps": [50, 8]}
    figure = sample_grid(write_study(tmp_path, digits_like(axes, seeds=1), fid=fid))
    cells = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    assert [cell.partition(", ")[2] for cell in cells] == ["ddpm8, cfg 1.0", "ddpm50, cfg 1.0"]
    told = figure.get_supxlabel().replace("\n", " ")
    assert told.endswith("seed 0, each size and patch at its best FID, in the way it says.")
