"""Is a figure against guidance drawn where, and only where, guidance alone differs?"""

import polars as pl
import pytest

from analysis.figures.drawing.hover import positions
from analysis.figures.guidance import metrics_vs_guidance


def rows(scales, label="FID-1K, ddpm100, digits-cnn, vs train"):
    return pl.DataFrame(
        [
            {
                "train_id": model,
                "model": model,
                "rung": rung,
                "params_m": 1.0 + len(model),
                "forward_gmacs": 0.1 * len(model),
                "step": step,
                "metric": metric,
                "headline": True,
                "guidance": g,
                "value": 10 + g if metric == "fid" else 1 / g,
                "data": "digits",
                "label_over_guidance": label.replace(
                    "FID-1K", "FID-1K" if metric == "fid" else "recall-1K"
                ),
                "ema": "ema",
                "batch": 64,
                "lr": 0.01,
                "state": "completed",
                "trial_id": f"{model}-s0-{g}",
                "at_end": step == 10,
            }
            for model, rung in (("DiT-a/4", "a"), ("DiT-bb/4", "bb"))
            for g in scales
            for metric in ("fid", "recall")
            for step in (5, 10)
        ]
    )


def test_a_panel_per_metric_a_line_per_model_at_the_last_step():
    figure = metrics_vs_guidance(rows([1.0, 2.0, 4.0]))
    assert [len(axes.lines) for axes in figure.axes] == [2, 2]
    figure.draw_without_rendering()
    assert len(positions(figure)) == 2 * 2 * 3


def test_what_did_not_end_or_was_trained_otherwise_is_in_no_mean():
    """A second seed under way stands at its tenth of the way; a second batch is another
    training.
    """
    whole, under_way = rows([1.0, 2.0]), rows([1.0, 2.0]).filter(pl.col("step") == 5)
    behind = under_way.with_columns(
        value=pl.col("value") * 9, state=pl.lit("running"), train_id=pl.lit("other")
    )
    for figure in (metrics_vs_guidance(pl.concat([whole, behind])), metrics_vs_guidance(whole)):
        assert figure.axes[0].lines[0].get_ydata().tolist() == [11, 12]
    with pytest.raises(ValueError, match=r"in 2 ways \(batches 32, 64\)"):
        metrics_vs_guidance(pl.concat([whole, whole.with_columns(batch=pl.lit(32, pl.Int64))]))


def test_one_scale_or_other_protocols_are_refused():
    with pytest.raises(ValueError, match="two guidance scales"):
        metrics_vs_guidance(rows([1.5]))
    with pytest.raises(ValueError, match="differ in more than guidance"):
        metrics_vs_guidance(
            pl.concat([rows([1.0, 2.0]), rows([4.0], "FID-1K, ddpm50, digits-cnn, vs train")])
        )
