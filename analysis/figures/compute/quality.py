"""Which model reaches a quality with the least training? Training FLOPs until FID <= k."""

from collections.abc import Sequence

import polars as pl
from matplotlib.figure import Figure

from analysis.answers.quality.time_to_quality import TimeToQuality
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.panels import GFLOPS, Looks, panels_of
from analysis.figures.drawing.style import entitle, legend, log_axis, styled
from analysis.select.curves import with_curves
from analysis.text import number


@styled
def flops_to_quality_vs_gflops(
    found: Sequence[TimeToQuality],
    trials: pl.DataFrame,
    note: str = "",
    title: str = "Training compute until a quality is reached",
) -> Figure:
    """A panel per quality, a line per series and a marker per rung, with 95 % intervals over seeds;
    a triangle points down where the first checkpoint had reached it. ``trials`` give the looks.

    ValueError where no model reaches any.
    """
    reached = [one for one in found if one.train_flops is not None]
    if not reached:
        near = min(found, key=lambda one: one.nearest, default=None)
        raise ValueError(
            "nothing is measured over training"
            if near is None
            else f"no model reaches {near.name} with every seed; the nearest is {near.model}, "
            f"{number(near.nearest)}"
        )
    trials = with_curves(trials)
    looks = Looks.of(trials)
    curves = dict(trials.select("model", "curve").unique().rows())
    names = list(dict.fromkeys(one.name for one in reached))
    figure, panels = panels_of(names)
    for name, axes in panels.items():
        here = sorted(
            (one for one in reached if one.name == name), key=lambda one: one.forward_gmacs
        )
        for curve, colour in looks.colours.items():
            mine = [one for one in here if curves[one.model] == curve]
            axes.plot(
                [one.forward_gmacs for one in mine],
                [one.train_flops for one in mine],
                color=colour,
                linewidth=1.4,
            )
            for one in mine:
                _point(axes, one, colour, looks.markers[one.rung])
        mark(
            axes,
            [one.forward_gmacs for one in here],
            [one.train_flops for one in here],
            map(_hover, here),
        )
        asked = sum(one.name == name for one in found)
        axes.set_title(f"{name}: {len(here)} of {asked} models", loc="left", fontsize=10)
        log_axis(axes.xaxis, narrow=len(names) > 1)
        log_axis(axes.yaxis)
        axes.set(xlabel=GFLOPS.split(" (")[0], ylabel="training FLOPs")
    legend(figure, looks.legend(), loc="outside right upper")
    average = ", ".join(dict.fromkeys(one.ema for one in reached))
    entitle(
        figure,
        title,
        f"Where the curve over training first passes the quality, with weights {average}. Bars: 95 "
        f"% over seeds; an arrow down: at most, its first checkpoint had reached it. {note}",
    )
    return figure


def _point(axes, one: TimeToQuality, colour, marker: str) -> None:
    assert one.train_flops is not None
    ends = one.train_flops_interval
    axes.errorbar(
        one.forward_gmacs,
        one.train_flops,
        yerr=[[0.3 * one.train_flops], [0]]
        if one.at_most
        else None
        if ends is None
        else [[one.train_flops - ends[0]], [ends[1] - one.train_flops]],
        uplims=one.at_most,
        color=colour,
        marker=marker,
        markersize=6.5,
        markeredgecolor="white",
        capsize=3,
        linewidth=1.2,
    )


def _hover(one: TimeToQuality) -> str:
    ends = one.train_flops_interval
    interval = "" if ends is None else f" [{number(ends[0])}, {number(ends[1])}]"
    return (
        f"{one.model}: {one.name} after {'at most ' if one.at_most else ''}"
        f"{number(one.train_flops)} FLOPs{interval}, {number(one.images)} images"
    )
