"""How do metrics depend on a model's Gflops? The main curve, and other metrics."""

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.answers.finding import slope_text
from analysis.answers.grid_steps import THRESHOLD
from analysis.answers.slopes import (
    MIN_MODELS,
    Slope,
)
from analysis.answers.study import Answers
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import done_note, settings_note
from analysis.figures.drawing.panels import GFLOPS, Looks, dashes_of, kinds_of, protocol_legend
from analysis.figures.drawing.style import GREY, entitle, legend, styled, subtitle
from analysis.select.curves import with_curves
from analysis.select.protocols import ACROSS, APART, one_axis
from analysis.select.recipes import recipes_of
from analysis.select.trials import fit_points, measured
from analysis.text import fixed, number, seeds_text


@styled
def fid_vs_gflops(
    source: Answers | pl.DataFrame,
    title: str = "FID against model Gflops",
    across_protocols: bool = False,
) -> Figure:
    """A line per series and a marker per rung; seeds as dots, their geometric mean with error bars;
    the slope, if there is one. Several recipes have dashes of their own and no law.

    ValueError, from ``fit_points``, where the trials do not belong on one axis or none has a FID.
    ``across_protocols`` draws those of several protocols with dashes of their own and no law, and
    says so.
    """
    answers = Answers.of(source)
    trials = answers.selection.trials
    done = measured(trials)
    protocols = one_axis(done, across_protocols, APART)
    points = (
        pl.concat(fit_points(done.filter(pl.col("protocol") == key)) for key in protocols)
        if len(protocols) > 1
        else answers.selection.points()
    )
    alike = len(protocols) == 1 and len(recipes_of(points)) < 2
    law = answers.slope if alike and points["forward_gmacs"].n_unique() >= MIN_MODELS else None
    figure = Figure(figsize=(8.6, 5.4), layout="constrained")
    axes = figure.add_subplot()
    seeds = points["seed"].n_unique()
    looks = Looks.of(with_curves(trials))
    points, kinds, head = kinds_of(with_curves(points), protocols)
    dashes = dashes_of(kinds)
    if law:
        _draw_law(axes, law)
    for (kind, curve), rows in points.group_by("kind", "curve", maintain_order=True):
        cells = means_of(rows).sort("forward_gmacs")
        axes.plot(
            cells["forward_gmacs"],
            cells["fid"],
            color=looks.colours[curve],
            linewidth=1.6,
            zorder=3,
            linestyle=dashes[kind],
        )
        if seeds > 1:
            axes.scatter(
                rows["forward_gmacs"],
                rows["fid"],
                s=9,
                color=looks.colours[curve],
                alpha=0.45,
                lw=0,
                zorder=4,
            )
        for cell in cells.to_dicts():
            bars = (
                None
                if cell["error"] is None
                else [[cell["fid"] - cell["low"]], [cell["high"] - cell["fid"]]]
            )
            axes.errorbar(
                cell["forward_gmacs"],
                cell["fid"],
                yerr=bars,
                color=looks.colours[curve],
                capsize=3,
                linewidth=1.2,
                marker=looks.markers[cell["rung"]],
                markersize=7.5,
                markeredgecolor="white",
                zorder=5,
            )
        suffix = f" ({kind})" if len(kinds) > 1 else ""
        mark(
            axes,
            cells["forward_gmacs"],
            cells["fid"],
            (hover_text(cell) + suffix for cell in cells.to_dicts()),
        )
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    axes.set(
        xlabel=GFLOPS,
        ylabel=points["fid_label"][0] if len(protocols) == 1 else "FID, of several protocols",
    )
    groups = looks.legend() | protocol_legend(kinds, head)
    if law:
        groups["Fit"] = [
            (Line2D([], [], color=GREY, linestyle="--"), "all models"),
            (Line2D([], [], color=GREY, alpha=0.2, linewidth=8), "its 95 % band"),
        ]
        text = slope_text(law)
        subtitle(
            axes,
            f"{text[0].upper()}{text[1:]}. Correlation of FID with log Gflops {fixed(law.r)}.",
            98,
        )
    elif len(protocols) > 1:
        subtitle(axes, f"{ACROSS} No law is fitted over several.", 98)
    legend(axes, groups, loc="upper left", bbox_to_anchor=(1.01, 1.02))
    bars = (
        f"Dots: one training each. Markers: geometric mean of {seeds_text(points)}, bars "
        f"{THRESHOLD:g} standard errors."
        if seeds > 1
        else "One training per point: no error is known."
    )
    entitle(
        figure,
        title + (", across protocols" if len(protocols) > 1 else ""),
        f"{bars} {settings_note(points)}{done_note(trials)}",
    )
    return figure


def hover_text(cell: dict) -> str:
    seeds = (
        f" [{number(cell['low'])}, {number(cell['high'])}], {cell['seeds']} seeds"
        if cell["seeds"] > 1
        else ""
    )
    return (
        f"{cell['model']}: FID {number(cell['fid'])}{seeds}, {number(cell['forward_gmacs'])} Gflops"
    )


def means_of(points: pl.DataFrame) -> pl.DataFrame:
    """Per model: the geometric mean over seeds of FID, and the ends of its error bars."""
    log = pl.col("fid").log()
    cells = points.group_by("model", "rung", "curve", "forward_gmacs", maintain_order=True).agg(
        log.mean().alias("mean"),
        (log.std() / pl.len().sqrt()).alias("error"),
        pl.len().alias("seeds"),
    )
    return cells.with_columns(
        fid=pl.col("mean").exp(),
        low=(pl.col("mean") - THRESHOLD * pl.col("error")).exp(),
        high=(pl.col("mean") + THRESHOLD * pl.col("error")).exp(),
    )


def _draw_law(axes, law: Slope) -> None:
    x = np.geomspace(law.gflops.min() / 1.15, law.gflops.max() * 1.15, 100)
    axes.fill_between(x, *law.band(x), color=GREY, alpha=0.13, linewidth=0, zorder=1)
    axes.plot(x, law.line(x), color=GREY, linestyle="--", linewidth=1.2, zorder=2)
