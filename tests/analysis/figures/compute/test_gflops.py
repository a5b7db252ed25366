"""Does the main curve tell its models, recipes, protocol and slope apart?"""

import re

from analysis.figures import training
from analysis.figures.compute import gflops
from analysis.figures.sample_grid import sample_grid
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from tests.analysis.figures.reading import words_of

WIDTHS = (16, 32, 48, 64)


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


def test_a_curve_is_told_with_its_family_where_there_are_several(two_families):
    (axes,) = gflops.fid_vs_gflops(trials_frame(two_families)).axes
    words = words_of(axes.get_legend())
    curves = ["DiT, patch 2", "DiT, patch 4", "tests-mixer"]
    assert words[:4] == ["Series", *curves]
    assert words[4:] == ["Size", *(f"{depth}w{w}" for depth in ("", "d2") for w in WIDTHS)]
    assert {line.get_linestyle() for line in axes.lines if line.get_linewidth() == 1.6} == {"-"}
    joined = [line for line in axes.lines if line.get_linewidth() == 1.6]
    assert [len(line.get_xdata()) for line in joined] == [4, 4, 4]
    assert len({line.get_color() for line in joined}) == 3
    figure = training.fid_vs_steps(evaluations_frame(two_families))
    assert [panel.get_title(loc="left") for panel in figure.axes] == curves
    by_size = training.fid_vs_steps_by_size(evaluations_frame(two_families))
    assert words_of(by_size.legends[0])[0] == "Series"


def test_a_null_series_is_one_curve(one_curve):
    (axes,) = gflops.fid_vs_gflops(trials_frame(one_curve)).axes
    assert words_of(axes.get_legend())[:2] == ["Series", "tests-mixer"]
    (line,) = [line for line in axes.lines if line.get_linewidth() == 1.6]
    assert len(line.get_xdata()) == 4
    (panel,) = training.loss_vs_steps(curves_frame(one_curve)).axes
    assert panel.get_title(loc="left") == "tests-mixer"
    grid = sample_grid(one_curve)
    assert len(grid.axes) == 4 * 2  # a row per rung, one column and the real images
    assert grid.axes[0].get_title() == "tests-mixer"
    assert [axes.get_ylabel() for axes in grid.axes[::2]] == ["w16", "w32", "w48", "w64"]
