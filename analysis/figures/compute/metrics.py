"""How do metrics other than FID depend on a model's Gflops? A panel and a correlation each."""

import textwrap

import polars as pl
from matplotlib.figure import Figure

from analysis.answers.slopes import (
    MIN_MODELS,
    correlation,
    fisher_interval,
)
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import settings_note
from analysis.figures.drawing.panels import (
    Looks,
    panels_of,
)
from analysis.figures.drawing.style import GREY, entitle, legend, styled
from analysis.select.curves import with_curves
from analysis.select.selection import Selection
from analysis.text import fixed, interval, number, seeds_text

LABEL = 30  # letters of an axis label to a line, in a panel


@styled
def metrics_vs_gflops(
    evaluations: Selection | pl.DataFrame, title: str = "Other metrics against model Gflops"
) -> Figure:
    """Figure 12: a panel per metric at the last step, each with its correlation with log Gflops,
    seeds averaged.

    ValueError where nothing is measured at the last step, or a model or the models were trained in
    several ways.
    """
    last = Selection.of_evaluations(evaluations).last_metrics
    metrics = last["metric"].unique(maintain_order=True).to_list()
    figure, panels = panels_of(metrics, share_y=False)
    last = with_curves(last)
    looks = Looks.of(last)
    for metric, axes in panels.items():
        rows = last.filter(pl.col("metric") == metric)
        means = rows.group_by("model", "rung", "curve", "forward_gmacs", maintain_order=True).agg(
            pl.col("value").mean()
        )
        for row in means.to_dicts():
            axes.plot(
                row["forward_gmacs"],
                row["value"],
                linestyle="none",
                marker=looks.markers[row["rung"]],
                markersize=6.5,
                color=looks.colours[row["curve"]],
                markeredgecolor="white",
                alpha=0.8,
            )
        mark(
            axes,
            means["forward_gmacs"],
            means["value"],
            (f"{row['model']}: {number(row['value'], 4)}" for row in means.to_dicts()),
        )
        log_axis(axes.xaxis, narrow=True)
        if (means["value"] > 0).all():
            log_axis(axes.yaxis)
        axes.set(
            ylabel="\n".join(textwrap.wrap(rows["label"][0], LABEL)),
            xlabel="Gflops of one forward pass",
        )
        axes.set_title(_correlation_text(means), loc="left", fontsize=9, color=GREY)
    legend(figure, looks.legend(), loc="outside right upper")
    seeds = last["seed"].n_unique()
    entitle(
        figure,
        title,
        (f"Means of {seeds_text(last)}. " if seeds > 1 else "One training per point. ")
        + f"r: correlation of the metric with log Gflops. {settings_note(last)}",
    )
    return figure


def _correlation_text(means: pl.DataFrame) -> str:
    if means["forward_gmacs"].n_unique() < MIN_MODELS or means["value"].n_unique() < 2:
        return f"r needs {MIN_MODELS} models"
    r = correlation(means["forward_gmacs"].log().to_numpy(), means["value"].to_numpy())
    return f"r {fixed(r)} {interval(fisher_interval(r, len(means)))}"
