"""Does a line of training join one design, and share its axes where panels are compared?"""

import pytest

from analysis.figures import training
from analysis.figures.drawing.hover import positions
from analysis.figures.sample_grid import sample_grid
from analysis.figures.training import fid_vs_steps, heldout_by_bin, loss_vs_steps
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.report.pictures import study_pictures
from scaling.records import StudyFolder
from tests.analysis.figures.reading import legend_of
from tests.analysis.synthetic_study import (
    SIZES,
    digits_like,
    measure,
    study_of,
)


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


def test_a_mean_over_noise_levels_is_of_one_step(tmp_path):
    plan = digits_like({"size": SIZES[:1]}, seeds=2, name="behind")
    study = StudyFolder(tmp_path / "behind")
    study.write_plan(plan)
    measure(study, plan.trials[0], 0.0)
    alone = heldout_by_bin(curves_frame(study)).axes[0].lines[-1].get_ydata().tolist()
    measure(study, plan.trials[1], 0.0, until=100)
    assert heldout_by_bin(curves_frame(study)).axes[0].lines[-1].get_ydata().tolist() == alone


def test_batches_of_a_model_have_lines_that_are_told_apart(tmp_path):
    (panel,) = fid_vs_steps(
        evaluations_frame(study_of(tmp_path, {"size": SIZES, "train.batch": [32, 64]}))
    ).axes
    thick = [line for line in panel.lines if line.get_linewidth() == 1.6]
    assert len(thick) == 2 * len(SIZES) and len({line.get_linestyle() for line in thick}) == 2


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


def test_a_figure_without_its_data_says_what_is_missing(rates):
    with pytest.raises(ValueError, match="no evaluation has a FID; it was not asked for"):
        training.fid_vs_steps(evaluations_frame(rates))
    with pytest.raises(ValueError, match="no samples lie beside the records of a completed trial"):
        sample_grid(rates)
