"""What does guidance gain and what does it cost? FID, recall and precision against its scale."""

import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import settings_note
from analysis.figures.drawing.panels import panels_of
from analysis.figures.drawing.style import entitle, hues, legend, shapes, styled
from analysis.select.checkpoints import GUIDED
from analysis.select.curves import rung_order
from analysis.select.selection import Selection
from analysis.text import number


@styled
def metrics_vs_guidance(
    evaluations: Selection | pl.DataFrame, title: str = "FID and recall against guidance"
) -> Figure:
    """A panel per metric, a line per model over its guidance scales; at the end of completed
    trials, averaged over seeds.

    ValueError where no model was sampled at two scales, or where protocols differ in anything else.
    """
    rows = Selection.of_evaluations(evaluations).guided_metrics
    metrics = [metric for metric in GUIDED if metric in rows["metric"]]
    figure, panels = panels_of(metrics, share_y=False)
    models = rows["model"].unique(maintain_order=True).to_list()
    colours, markers = hues(models), shapes(rung_order(rows))
    means = rows.group_by("metric", "model", "rung", "guidance", maintain_order=True).agg(
        pl.col("value").mean()
    )
    for metric, axes in panels.items():
        of_metric = rows.filter(pl.col("metric") == metric)
        for model in models:
            line = means.filter((pl.col("metric") == metric) & (pl.col("model") == model)).sort(
                "guidance"
            )
            axes.plot(
                line["guidance"],
                line["value"],
                color=colours[model],
                marker=markers[line["rung"][0]],
                markersize=6,
                markeredgecolor="white",
            )
            mark(
                axes,
                line["guidance"],
                line["value"],
                (
                    f"{model}, guidance {row['guidance']:g}: {metric} {number(row['value'])}"
                    for row in line.to_dicts()
                ),
            )
        if metric == "fid":
            log_axis(axes.yaxis)
        axes.set_title(of_metric["label_over_guidance"][0].split(",")[0], loc="left", fontsize=10)
        axes.set_xlabel("guidance scale (1: none)")
    rungs = dict(rows.select("model", "rung").unique().rows())
    handles = [
        (Line2D([], [], color=colours[model], marker=markers[rungs[model]]), model)
        for model in models
    ]
    legend(figure, {"Model": handles}, loc="outside right upper")
    first = rows["label_over_guidance"][0].split(", ", 1)[1]
    entitle(figure, title, f"Protocol: {first}. {settings_note(rows, sampling=False)}")
    return figure
