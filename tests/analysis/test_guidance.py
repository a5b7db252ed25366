"""Is a figure against guidance drawn where, and only where, guidance alone differs?"""

import polars as pl
import pytest

from analysis.figures.guidance import metrics_vs_guidance
from analysis.figures.hover import positions


def rows(scales, label="FID-1K, ddpm100, digits-cnn, vs train"):
    return pl.DataFrame([
        {"train_id": model, "model": model, "size": size, "params_m": 1.0 + len(model), "step": step, "metric": metric,
         "headline": True, "guidance": g, "value": 10 + g if metric == "fid" else 1 / g, "data": "digits",
         "label_over_guidance": label.replace("FID-1K", "FID-1K" if metric == "fid" else "recall-1K"), "ema": "ema",
         "batch": 64, "lr": 0.01}
        for model, size in (("DiT-a/4", "a"), ("DiT-bb/4", "bb")) for g in scales for metric in ("fid", "recall")
        for step in (5, 10)])


def test_a_panel_per_metric_a_line_per_model_at_the_last_step():
    figure = metrics_vs_guidance(rows([1.0, 2.0, 4.0]))
    assert [len(axes.lines) for axes in figure.axes] == [2, 2]
    figure.draw_without_rendering()
    assert len(positions(figure)) == 2 * 2 * 3


def test_one_scale_or_other_protocols_are_refused():
    with pytest.raises(ValueError, match="two guidance scales"):
        metrics_vs_guidance(rows([1.5]))
    with pytest.raises(ValueError, match="differ in more than guidance"):
        metrics_vs_guidance(pl.concat([rows([1.0, 2.0]), rows([4.0], "FID-1K, ddpm50, digits-cnn, vs train")]))
