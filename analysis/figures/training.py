"""How do metrics change while the models train? Over steps, training FLOPs and noise levels, by
series and by rung.
"""

import itertools
from typing import Literal

import polars as pl
from matplotlib.figure import Figure

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import lost_note, settings_note
from analysis.figures.drawing.panels import (
    dashes_of,
    kinds_of,
    panels_of,
    protocol_legend,
    side_legend,
    thin,
)
from analysis.figures.drawing.style import entitle, hues, shades, shapes, styled
from analysis.select.checkpoints import LOST, STOPPED_EARLY
from analysis.select.curves import curve_labels, curve_order, rung_order, with_curves
from analysis.select.protocols import ACROSS, protocols_of
from analysis.select.selection import Selection
from analysis.text import number, seeds_text


def fid_vs_steps(evaluations: Selection | pl.DataFrame, across_protocols: bool = False) -> Figure:
    """Figure 6, above: FID over training steps, a panel per series, a line per rung.

    ``across_protocols``, here and below, draws values of several protocols with dashes of their
    own, and says so.
    """
    return _panels(
        Selection.of_evaluations(evaluations).headline("fid", across_protocols),
        "step",
        "training steps",
        "FID over training",
    )


def fid_vs_steps_by_size(
    evaluations: Selection | pl.DataFrame, across_protocols: bool = False
) -> Figure:
    """Figure 6, below: FID over training steps, a panel per rung, a line per series."""
    return _panels(
        Selection.of_evaluations(evaluations).headline("fid", across_protocols),
        "step",
        "training steps",
        "FID over training, by size",
        by="rung",
    )


def fid_vs_train_flops(
    evaluations: Selection | pl.DataFrame, across_protocols: bool = False
) -> Figure:
    """Figure 9: FID against training compute so far, a panel per series, a line per rung."""
    return _panels(
        Selection.of_evaluations(evaluations).headline("fid", across_protocols),
        "train_flops",
        "training FLOPs",
        "FID against training compute",
        log_x=True,
    )


def heldout_vs_steps(
    evaluations: Selection | pl.DataFrame, across_protocols: bool = False
) -> Figure:
    """Held-out loss over training steps, a panel per series, a line per rung."""
    return _panels(
        Selection.of_evaluations(evaluations).headline("heldout_loss", across_protocols),
        "step",
        "training steps",
        "Held-out loss over training",
    )


def loss_vs_steps(curves: pl.DataFrame, note: str = "") -> Figure:
    """Figure 13: training loss over steps, mean since the line before, a panel per series, a line
    per rung.

    ``note`` says what the trials share. ValueError where nothing is logged.
    """
    return _logged(curves, "loss", "training loss", "Training loss", note)


def grad_norm_vs_steps(curves: pl.DataFrame, note: str = "") -> Figure:
    """Norm of the gradient before clipping over steps, as ``loss_vs_steps``."""
    return _logged(curves, "grad_norm", "gradient norm, before clipping", "Gradient norm", note)


def images_per_s_vs_steps(curves: pl.DataFrame, note: str = "") -> Figure:
    """Training images per second over steps, as ``loss_vs_steps``: did a machine slow down?"""
    return _logged(curves, "images_per_s", "images/s", "Training throughput", note)


def _logged(curves: pl.DataFrame, column: str, label: str, title: str, note: str) -> Figure:
    rows = curves.filter(pl.col(column).is_finite()).with_columns(
        value=pl.col(column),
        label=pl.lit(label),
        samples=pl.lit(None, pl.Int64),
        protocol=pl.lit(""),
    )
    if rows.is_empty():
        raise ValueError(f"no trial has logged its {label.split(',')[0]}")
    return _panels(rows, "step", "training steps", title, dots=False, note=note)


def heldout_by_bin(curves: pl.DataFrame, note: str = "") -> Figure:
    """The last held-out loss by part of the schedule, from image to noise: a panel per series, a
    line per rung.

    ValueError where no trial has recorded it.
    """
    recorded = curves.filter(pl.col("heldout_bins").is_not_null())
    if recorded.is_empty():
        raise ValueError("no trial has recorded its held-out loss by part of the schedule")
    last = recorded.filter(pl.col("step") == pl.col("step").max().over("trial_id"))
    # a mean is of one step: of repeats only those that came furthest
    lost = pl.col("state").is_in(LOST)
    last = last.filter(lost | (pl.col("step") == pl.col("step").filter(~lost).max().over("cell")))
    bins = last["heldout_bins"].list.len().max()
    rows = last.with_columns(
        value=pl.col("heldout_bins"),
        part=pl.lit([(k + 0.5) / bins for k in range(bins)], pl.List(pl.Float64)),
        label=pl.lit("held-out loss"),
        samples=pl.lit(None, pl.Int64),
        protocol=pl.lit(""),
    ).explode("value", "part")
    return _panels(
        rows, "part", "noise level (0 image, 1 noise)", "Held-out loss by noise level", note=note
    )


@styled
def _panels(
    rows: pl.DataFrame,
    x: str,
    xlabel: str,
    title: str,
    log_x: bool = False,
    by: Literal["curve", "rung"] = "curve",
    dots: bool = True,
    note: str = "",
) -> Figure:
    """A panel per value of ``by``, the curve or the rung. In it a line per value of the other, and
    per learning rate where there are several; dashes tell the kinds of ``kinds_of`` apart.

    What diverged or failed is drawn as far as it came, dotted and named, and is part of no mean.
    """
    rows = with_curves(rows)
    rungs, curves = rung_order(rows), [*reversed(curve_order(rows))]
    panel_names, other, lines, colours, head, labels = {
        "curve": (curves, "rung", rungs, shades(rungs), "Size", None),
        "rung": (rungs, "curve", curves, hues(curves), *curve_labels(rows)),
    }[by]
    figure, panels = panels_of(panel_names)
    markers = shapes(lines)
    protocols = protocols_of(rows)
    rows, kinds, kinds_head = kinds_of(rows, protocols)
    dashes = dashes_of(kinds)
    rates = rows.group_by("model").agg(pl.col("lr").n_unique())["lr"].max() > 1
    positive = bool((rows["value"] > 0).all())
    middle = pl.col("value").log().mean().exp() if positive else pl.col("value").mean()
    lost = (
        rows.filter(pl.col("state").is_in(LOST))["trial_id"].unique(maintain_order=True).to_list()
    )
    for panel, axes in panels.items():
        for line, kind in itertools.product(lines, kinds):
            mine = rows.filter(
                (pl.col(by) == panel) & (pl.col(other) == line) & (pl.col("kind") == kind)
            )
            for (trial,), steps in mine.sort(x).group_by("trial_id", maintain_order=True):
                axes.plot(steps[x], steps["value"], color=colours[line], **thin(trial in lost))
            kept = mine.filter(~pl.col("trial_id").is_in(lost))
            for _, repeats in kept.group_by("cell", maintain_order=True):
                mean = repeats.group_by(x, "model", "lr").agg(middle).sort(x)
                axes.plot(
                    mean[x],
                    mean["value"],
                    color=colours[line],
                    marker=markers[line] if dots else None,
                    markersize=5,
                    linewidth=1.6,
                    linestyle=dashes[kind],
                )
                marked = mean if dots else mean.tail(1)
                mark(
                    axes,
                    marked[x],
                    marked["value"],
                    (
                        f"{row['model']}: {number(row['value'], 4)} at {number(row[x])} {xlabel}"
                        + (f", learning rate {row['lr']:g}" if rates else "")
                        + (f" ({kind})" if len(kinds) > 1 else "")
                        for row in marked.to_dicts()
                    ),
                )
        axes.set_xlabel(xlabel)
    first = next(iter(panels.values()))
    if log_x:
        log_axis(first.xaxis, narrow=True)
    if positive:
        log_axis(first.yaxis)
    first.set_ylabel(
        rows["label"][0] if rows["label"].n_unique() == 1 else "FID, of several protocols"
    )
    side_legend(
        figure,
        head,
        colours,
        markers if dots else dict.fromkeys(colours),
        protocol_legend(kinds, kinds_head),
        labels,
    )
    seeds = rows["seed"].n_unique()
    thick = "A line per learning rate. " if rates else ""
    thick += f"Thick: mean of {seeds_text(rows)}, thin: one training each. " if seeds > 1 else ""
    thick += lost_note(lost, STOPPED_EARLY in rows["state"])
    across = f"{ACROSS} " if len(protocols) > 1 else ""
    entitle(
        figure,
        title + (", across protocols" if across else ""),
        f"{across}{thick}"
        f"{note or settings_note(rows, lr=False, sampling=bool(rows['samples'].count()))}",
    )
    return figure
