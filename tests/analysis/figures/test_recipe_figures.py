"""Does a figure tell recipes, shapes and batches apart, and average no two of them?"""

import polars as pl
import pytest

from analysis.answers.finding import finding_of
from analysis.figures.gflops import metrics_vs_gflops
from analysis.figures.hover import positions
from analysis.figures.rates import heldout_vs_lr
from analysis.figures.sample_grid import sample_grid
from analysis.figures.training import fid_vs_steps, heldout_by_bin, loss_vs_steps
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.report import build
from analysis.report.pictures import study_pictures
from analysis.select.learning_rates import best_rates
from scaling.records import StudyFolder
from tests.analysis.synthetic_study import DESIGNS, SIZES, digits_like, measure, study_of


def test_a_line_of_a_figure_joins_one_design_at_one_learning_rate(tmp_path):
    axes = {
        "size": SIZES[:2],
        "model.conditioning": ["adaln-zero", "adaln"],
        "train.lr": [1e-3, 3e-3],
    }
    (panel,) = fid_vs_steps(evaluations_frame(study_of(tmp_path, axes))).axes
    thick = [line for line in panel.lines if line.get_linewidth() == 1.6]
    assert len(thick) == 2 * 2 * 2
    assert all(line.get_xdata().tolist() == [100, 200, 300, 400, 500] for line in thick)
    assert len({line.get_linestyle() for line in thick}) == 2


def test_logged_curves_of_two_recipes_are_told_apart_and_drawn_once(tmp_path):
    axes = {
        "size": SIZES[:2],
        "diffusion.objective": ["epsilon"],
        "model.learn_sigma": [False],
        "diffusion.weighting": ["uniform", "min-snr"],
        "evaluate.ema.length": [0.02, 0.05],
    }
    drawn = study_pictures(study_of(tmp_path, axes), ("json",))["loss_vs_steps"]
    told = [words for *_, words in drawn.marks]
    assert (
        len(told) == 2 * 2
        and sum("uniform" in words for words in told)
        == sum("min-snr" in words for words in told)
        == 2
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
    study = study_of(tmp_path, {"size": SIZES[1:2], "model.heads": [1, 2]})
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


def test_a_mean_over_noise_levels_is_of_one_step(tmp_path):
    plan = digits_like({"size": SIZES[:1]}, seeds=2, name="behind")
    study = StudyFolder(tmp_path / "behind")
    study.write_plan(plan)
    measure(study, plan.trials[0], 0.0)
    alone = heldout_by_bin(curves_frame(study)).axes[0].lines[-1].get_ydata().tolist()
    measure(study, plan.trials[1], 0.0, until=100)
    assert heldout_by_bin(curves_frame(study)).axes[0].lines[-1].get_ydata().tolist() == alone


def test_samples_say_which_design_they_are_of(tmp_path):
    figure = sample_grid(study_of(tmp_path, DESIGNS))
    assert all(
        axes.get_xlabel().split(", ")[1] in ("adaln-zero", "adaln")
        for axes in figure.axes
        if axes.get_xlabel()
    )


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


def test_batches_of_a_model_have_lines_that_are_told_apart(tmp_path):
    (panel,) = fid_vs_steps(
        evaluations_frame(study_of(tmp_path, {"size": SIZES, "train.batch": [32, 64]}))
    ).axes
    thick = [line for line in panel.lines if line.get_linewidth() == 1.6]
    assert len(thick) == 2 * len(SIZES) and len({line.get_linestyle() for line in thick}) == 2
