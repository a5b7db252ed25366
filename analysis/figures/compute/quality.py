"""Which model reaches a quality with the least training? Training FLOPs until FID <= k."""

from collections.abc import Sequence

import polars as pl
from matplotlib.figure import Figure

from analysis.answers.quality.time_to_quality import TimeToQuality
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.panels import GFLOPS, Looks, panels_of
from analysis.figures.drawing.style import entitle, legend, styled
from analysis.select.curves import with_curves
from analysis.text import number


@styled
def flops_to_quality_vs_gflops(
    rows: Sequence[TimeToQuality],
    trials: pl.DataFrame,
    note: str = "",
    title: str = "Training compute until a quality is reached",
) -> Figure:
    """A panel per quality, a line per series and a marker per rung, with 95 % intervals over seeds;
    a triangle points down where the first checkpoint had reached it. ``trials`` give the looks.

    ValueError where no model reaches any.
    """
    reached = [row for row in rows if row.train_flops is not None]
    if not reached:
        near = min(rows, key=lambda row: row.nearest, default=None)
        raise ValueError(
            "nothing is measured over training"
            if near is None
            else f"no model reaches {near.name} with every seed; the nearest is {near.model}, "
            f"{number(near.nearest)}"
        )
    trials = with_curves(trials)
    looks = Looks.of(trials)
    curves = dict(trials.select("model", "curve").unique().rows())
    names = list(dict.fromkeys(row.name for row in reached))
    figure, panels = panels_of(names)
    for name, axes in panels.items():
        here = sorted(
            (row for row in reached if row.name == name), key=lambda row: row.forward_gmacs
        )
        for curve, colour in looks.colours.items():
            of_curve = [row for row in here if curves[row.model] == curve]
            axes.plot(
                [row.forward_gmacs for row in of_curve],
                [row.train_flops for row in of_curve],
                color=colour,
                linewidth=1.4,
            )
            for row in of_curve:
                _point(axes, row, colour, looks.markers[row.rung])
        mark(
            axes,
            [row.forward_gmacs for row in here],
            [row.train_flops for row in here],
            map(_hover, here),
        )
        models = sum(row.name == name for row in rows)
        axes.set_title(f"{name}: {len(here)} of {models} models", loc="left", fontsize=10)
        log_axis(axes.xaxis, narrow=len(names) > 1)
        log_axis(axes.yaxis)
        axes.set(xlabel=GFLOPS.split(" (")[0], ylabel="training FLOPs")
    legend(figure, looks.legend(), loc="outside right upper")
    average = ", ".join(dict.fromkeys(row.ema for row in reached))
    entitle(
        figure,
        title,
        f"Where the curve over training first passes the quality, with weights {average}. Bars: 95 "
        f"% over seeds; an arrow down: at most, its first checkpoint had reached it. {note}",
    )
    return figure


def _point(axes, row: TimeToQuality, colour, marker: str) -> None:
    assert row.train_flops is not None
    ends = row.train_flops_interval
    axes.errorbar(
        row.forward_gmacs,
        row.train_flops,
        yerr=[[0.3 * row.train_flops], [0]]
        if row.at_most
        else None
        if ends is None
        else [[row.train_flops - ends[0]], [ends[1] - row.train_flops]],
        uplims=row.at_most,
        color=colour,
        marker=marker,
        markersize=6.5,
        markeredgecolor="white",
        capsize=3,
        linewidth=1.2,
    )


def _hover(row: TimeToQuality) -> str:
    ends = row.train_flops_interval
    interval = "" if ends is None else f" [{number(ends[0])}, {number(ends[1])}]"
    return (
        f"{row.model}: {row.name} after {'at most ' if row.at_most else ''}"
        f"{number(row.train_flops)} FLOPs{interval}, {number(row.images)} images"
    )
