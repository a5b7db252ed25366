"""Which way of conditioning a block is best, at one size and patch? Figure 5."""

import polars as pl
from matplotlib.figure import Figure

from analysis.figures.hover import mark
from analysis.figures.panels import (
    LOST,
    headline,
    lost_note,
    panels_of,
    settings_note,
    side_legend,
    thin,
)
from analysis.figures.style import MARKERS, entitle, log_axis, patch_colours, styled
from analysis.select.recipes import one_setting
from analysis.text import number, seeds_text

DESIGNS = ("in-context", "cross-attention", "adaln", "adaln-zero")  # the paper's order, worst first


@styled
def fid_by_conditioning(
    evaluations: pl.DataFrame, title: str = "FID of the block designs over training"
) -> Figure:
    """FID over training steps, a panel per size and patch that has several designs, a line per
    design.

    What diverged or failed is dotted and part of no mean. ValueError where no size and patch has
    two, or a design of one was trained in several ways.
    """
    rows = headline(evaluations).with_columns(at=pl.format("DiT-{}/{}", "size", "patch"))
    several = rows.group_by("at", maintain_order=True).agg(pl.col("conditioning").n_unique())
    names = several.filter(pl.col("conditioning") > 1)["at"].to_list()
    if not names:
        raise ValueError(
            "no size and patch was trained with two block designs; there is nothing to compare"
        )
    rows = rows.filter(pl.col("at").is_in(names))
    one_setting(rows, ["cell"])
    lost = (
        rows.filter(pl.col("state").is_in(LOST))["trial_id"].unique(maintain_order=True).to_list()
    )
    figure, panels = panels_of(names)
    known = [design for design in DESIGNS if design in set(rows["conditioning"])]
    colours = dict(zip(known, patch_colours(range(len(known))).values()))
    markers = dict(zip(known, MARKERS))
    for name, axes in panels.items():
        for design in known:
            cell = rows.filter((pl.col("at") == name) & (pl.col("conditioning") == design))
            for (trial,), one in cell.sort("step").group_by("trial_id", maintain_order=True):
                axes.plot(one["step"], one["value"], color=colours[design], **thin(trial in lost))
            kept = cell.filter(~pl.col("trial_id").is_in(lost))
            mean = kept.group_by("step").agg(pl.col("value").log().mean().exp()).sort("step")
            axes.plot(
                mean["step"],
                mean["value"],
                color=colours[design],
                marker=markers[design],
                markersize=6,
            )
            mark(
                axes,
                mean["step"],
                mean["value"],
                (f"{design}: FID {number(fid)} at {step:,} steps" for step, fid in mean.rows()),
            )
        axes.set_xlabel("training steps")
    first = next(iter(panels.values()))
    log_axis(first.yaxis)
    first.set_ylabel(rows["label"][0])
    side_legend(figure, "Design", colours, markers)
    seeds = rows["seed"].n_unique()
    thick = f"Thick: mean of {seeds_text(rows)}, thin: one training each. " if seeds > 1 else ""
    entitle(figure, title, f"{thick}{lost_note(lost)}{settings_note(rows)}")
    return figure
