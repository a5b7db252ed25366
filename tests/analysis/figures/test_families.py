"""Are several families, and one without series, drawn with a curve each and named so?"""

import pytest

from analysis.figures import training
from analysis.figures.compute import bubbles, gflops
from analysis.figures.sample_grid import sample_grid
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.report.pictures import study_pictures
from scaling.records import StudyFolder
from tests.analysis.networks import GRID, Convolutions, Mixer
from tests.analysis.synthetic_study import BASE, study_of

WIDTHS = (16, 32, 48, 64)
DITS = [
    BASE.model.model_copy(update={"width": width, "heads": width // 16, "patch": patch})
    for width in WIDTHS
    for patch in (4, 2)
]
MIXERS = [Mixer(**GRID, width=width) for width in WIDTHS]
CONVOLUTIONS = [Convolutions(**GRID, width=w, kernel=kernel) for w in WIDTHS for kernel in (1, 3)]


@pytest.fixture(scope="module")
def two_families(tmp_path_factory) -> StudyFolder:
    return study_of(tmp_path_factory.mktemp("two"), {"model": DITS + MIXERS}, "two")


@pytest.fixture(scope="module")
def one_curve(tmp_path_factory) -> StudyFolder:
    return study_of(tmp_path_factory.mktemp("one"), {"model": MIXERS}, "one")


def legend_of(owner) -> list[str]:
    return [text.get_text() for text in owner.get_texts()]


def test_a_curve_is_told_with_its_family_where_there_are_several(two_families):
    (axes,) = gflops.fid_vs_gflops(trials_frame(two_families)).axes
    words = legend_of(axes.get_legend())
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
    assert legend_of(by_size.legends[0])[0] == "Series"


def test_a_cell_that_no_family_can_have_is_empty(two_families):
    grid = sample_grid(two_families).axes
    words = [[text.get_text() for text in axes.texts] for axes in grid]
    assert len(grid) == 8 * (3 + 1)
    assert [text for texts in words for text in texts] == [""] * 12


def test_a_null_series_is_one_curve(one_curve):
    (axes,) = gflops.fid_vs_gflops(trials_frame(one_curve)).axes
    assert legend_of(axes.get_legend())[:2] == ["Series", "tests-mixer"]
    (line,) = [line for line in axes.lines if line.get_linewidth() == 1.6]
    assert len(line.get_xdata()) == 4
    (panel,) = training.loss_vs_steps(curves_frame(one_curve)).axes
    assert panel.get_title(loc="left") == "tests-mixer"
    grid = sample_grid(one_curve)
    assert len(grid.axes) == 4 * 2  # a row per rung, one column and the real images
    assert grid.axes[0].get_title() == "tests-mixer"
    assert [axes.get_ylabel() for axes in grid.axes[::2]] == ["w16", "w32", "w48", "w64"]


def test_series_of_another_family_are_named_by_their_own_word(tmp_path):
    trials = trials_frame(study_of(tmp_path, {"model": CONVOLUTIONS}, "kernels"))
    (axes,) = gflops.fid_vs_gflops(trials).axes
    assert legend_of(axes.get_legend())[:3] == ["Kernel", "3", "1"]
    (axes,) = bubbles.fid_bubbles(trials).axes
    assert legend_of(axes.get_legend()) == ["Kernel", "3", "1"]


def test_every_figure_of_several_families_is_drawn_or_says_why_not(two_families, one_curve):
    for study in (two_families, one_curve):
        drawn = {name for name, one in study_pictures(study, ("json",)).items() if one.files}
        assert drawn >= {
            "fid_vs_gflops" if study is one_curve else "fid_vs_steps",
            "sample_grid",
            "fid_vs_steps",
            "fid_vs_steps_by_size",
            "fid_vs_train_flops",
            "heldout_vs_steps",
            "heldout_by_bin",
            "loss_vs_steps",
            "grad_norm_vs_steps",
            "images_per_s_vs_steps",
        }
