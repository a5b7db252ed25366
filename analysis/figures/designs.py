"""Which block design conditions a network best? FID of each at one shape. Figure 5."""

import polars as pl
from matplotlib.figure import Figure

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import lost_note, settings_note
from analysis.figures.drawing.panels import panels_of, side_legend, thin
from analysis.figures.drawing.style import entitle, hues, shapes, styled
from analysis.select.checkpoints import LOST
from analysis.select.recipes import one_setting
from analysis.select.selection import Selection
from analysis.text import number, seeds_text

DESIGNS = ("in-context", "cross-attention", "adaln", "adaln-zero")  # the paper's order, worst first


@styled
def fid_by_conditioning(
    evaluations: Selection | pl.DataFrame, title: str = "FID of the block designs over training"
) -> Figure:
    """FID over training steps, a panel per network that has several block designs, a line per
    design.

    What diverged or failed is dotted and part of no mean. ValueError where no network has two
    designs, or one of a design was trained in several ways.
    """
    rows = (
        Selection.of_evaluations(evaluations)
        .headline()
        .filter(pl.col("conditioning").is_not_null())
    )
    shape_of = {
        model: model.replace(f" [{design}]", "")
        for model, design in rows.select("model", "conditioning").unique().rows()
    }
    rows = rows.with_columns(shape=pl.col("model").replace_strict(shape_of))
    several = rows.group_by("shape", maintain_order=True).agg(pl.col("conditioning").n_unique())
    names = several.filter(pl.col("conditioning") > 1)["shape"].to_list()
    if not names:
        raise ValueError(
            "no size and patch was trained with two block designs; there is nothing to compare"
        )
    rows = rows.filter(pl.col("shape").is_in(names))
    one_setting(rows, ["cell"])
    lost = (
        rows.filter(pl.col("state").is_in(LOST))["trial_id"].unique(maintain_order=True).to_list()
    )
    figure, panels = panels_of(names)
    trained = [design for design in DESIGNS if design in set(rows["conditioning"])]
    colours, markers = hues(trained), shapes(trained)
    for name, axes in panels.items():
        for design in trained:
            of_design = rows.filter((pl.col("shape") == name) & (pl.col("conditioning") == design))
            for (trial,), training in of_design.sort("step").group_by(
                "trial_id", maintain_order=True
            ):
                axes.plot(
                    training["step"],
                    training["value"],
                    color=colours[design],
                    **thin(trial in lost),
                )
            kept = of_design.filter(~pl.col("trial_id").is_in(lost))
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
