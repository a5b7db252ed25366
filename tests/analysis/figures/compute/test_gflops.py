"""Does the main curve tell its models, recipes, protocol and slope apart?"""

import re

import polars as pl
import pytest

from analysis.answers.finding import finding_of
from analysis.figures import training
from analysis.figures.compute import gflops
from analysis.figures.compute.gflops import metrics_vs_gflops
from analysis.figures.drawing.hover import positions
from analysis.figures.rates import heldout_vs_lr
from analysis.figures.sample_grid import sample_grid
from analysis.figures.training import fid_vs_steps, loss_vs_steps
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.report import build
from analysis.select.learning_rates import best_rates
from tests.analysis.synthetic_study import (
    DESIGNS,
    SIZES,
    study_of,
)


def thick_lines(figure) -> list:
    return [line for axes in figure.axes for line in axes.lines if line.get_linewidth() == 1.6]


def legend_of(figure) -> set[str]:
    return {text.get_text().replace("\n", " ") for text in figure.legends[0].get_texts()}


@pytest.mark.parametrize(
    "axes, head, told, panels",
    [
        ({"model.mlp_ratio": [2.0, 4.0]}, None, set(), ["patch 2", "patch 2, mlp 2"]),
        ({"model.heads": [1, 2]}, "Heads", {"heads 1", "heads 2"}, ["patch 2"]),
        (
            {"model.mlp_ratio": [2.0, 4.0], "train.batch": [32, 64]},
            "Batch",
            {"32 images", "64 images"},
            ["patch 2", "patch 2, mlp 2"],
        ),
    ],
)
def test_shapes_of_one_rung_have_lines_that_are_told_apart(tmp_path, axes, head, told, panels):
    """By the panel where they are of several series, by dashes where they are of one."""
    shapes = [{key: value for key, value in size.items() if key not in axes} for size in SIZES]
    study = study_of(tmp_path, {"size": shapes} | axes)
    for figure in (fid_vs_steps(evaluations_frame(study)), loss_vs_steps(curves_frame(study))):
        assert [panel.get_title(loc="left") for panel in figure.axes] == panels
        for panel in figure.axes:
            thick = [line for line in panel.lines if line.get_linewidth() == 1.6]
            assert len(thick) == max(1, len(told)) * len(SIZES)
            assert len({(line.get_color(), line.get_linestyle()) for line in thick}) == len(thick)
        assert legend_of(figure) >= told | ({head} if head else set())
        hovers = [text.split(":")[0] for *_, text in positions(figure)]
        models = set(trials_frame(study)["model"])
        assert models == {hover.split(" at ")[0] for hover in hovers}


def test_models_of_one_series_and_rung_are_told_apart_by_their_parameters(tmp_path):
    study = study_of(tmp_path, {"size": SIZES, "model.mlp_ratio": [2.0, 4.0]})
    one_series = evaluations_frame(study).with_columns(series=pl.lit("patch 2"))
    figure = fid_vs_steps(one_series)
    thick = thick_lines(figure)
    assert len({(line.get_color(), line.get_linestyle()) for line in thick}) == len(thick) == 8
    assert {
        "Parameters",
        "0.0129 to 0.205 M parameters",
        "0.01502 to 0.2545 M parameters",
    } <= legend_of(figure)


def test_networks_that_no_column_tells_apart_are_told_apart_by_their_names(tmp_path):
    """As of a family whose fields are no columns."""
    wide = {"model.width": [SIZES[1]["model.width"]], "model.heads": [1, 2]}
    study = study_of(tmp_path, wide)
    figure = fid_vs_steps(evaluations_frame(study).with_columns(heads=pl.lit(None, pl.Int64)))
    assert len({line.get_linestyle() for line in thick_lines(figure)}) == 2
    assert {"Network", "heads 1", "heads 2"} <= legend_of(figure)


def test_a_comma_in_the_name_of_a_model_is_part_of_its_name(tmp_path):
    trials = trials_frame(study_of(tmp_path, {"size": SIZES[:2], "train.lr": [1e-3, 2e-3]}))
    commas = trials.with_columns(model=pl.format("wide, {}", "model"))
    assert [(rate.of, rate.besides) for rate in best_rates(commas)] == [
        ("wide, DiT-d2w16/2", ""),
        ("wide, DiT-d2w32/2", ""),
    ]
    assert finding_of(commas).sentence == finding_of(trials).sentence.replace("DiT", "wide, DiT")
    # lines, rings
    assert {line.get_linestyle() for line in heldout_vs_lr(commas).axes[0].lines} == {"-", "None"}
    (legend,) = heldout_vs_lr(commas).legends
    assert "Trained with" not in {text.get_text() for text in legend.get_texts()}


def test_other_metrics_are_averaged_over_no_lengths_and_correlated_over_no_designs(tmp_path):
    lengths = evaluations_frame(
        study_of(tmp_path, {"size": SIZES, "train.steps": [300, 500]}, "lengths")
    )
    with pytest.raises(ValueError, match=r"DiT-d2w16/2 was trained in 2 ways \(lengths 300, 500\)"):
        metrics_vs_gflops(lengths)
    with pytest.raises(ValueError, match="2 recipes are mixed"):
        metrics_vs_gflops(evaluations_frame(study_of(tmp_path, DESIGNS)))


def test_metrics_without_fid_have_their_figure_and_their_samples(tmp_path):
    found = build(
        study_of(tmp_path, {"size": SIZES, "evaluate.protocol.metrics": [("kid",)]}), kinds=("svg",)
    )
    assert "metrics_vs_gflops" in found.pictures and found.pictures["sample_grid"].files
    assert (
        "fid_vs_gflops" not in found.pictures
        and "<th>KID</th>" in found.page
        and "FID —" not in found.page
    )


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


def test_a_figure_without_its_data_says_what_is_missing(rates):
    with pytest.raises(ValueError, match="no evaluation has a FID; it was not asked for"):
        training.fid_vs_steps(evaluations_frame(rates))
    with pytest.raises(ValueError, match="no samples lie beside the records of a completed trial"):
        sample_grid(rates)
