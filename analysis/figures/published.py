"""What do the paper's own figures look like? Drawn from its tables in the style of ours."""

import polars as pl
from matplotlib.figure import Figure

from analysis.answers.study import published_answers
from analysis.figures.compute import gflops
from analysis.figures.compute.bubbles import BUBBLE, draw_bubbles, name_bubbles
from analysis.figures.compute.sampling import SAMPLING_GFLOPS
from analysis.figures.designs import DESIGNS
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.panels import GFLOPS, Looks
from analysis.figures.drawing.style import GREY, MARKERS, entitle, hues, styled
from analysis.frames import published as tables
from analysis.select.curves import with_curves
from analysis.text import number


def fid_vs_gflops() -> Figure:
    """The paper's own curve, DiT Table 4, drawn as ours is (its Figure 8 gives a correlation of
    -0.93).
    """
    return gflops.fid_vs_gflops(
        published_answers(), title="The paper's: DiT on ImageNet 256 (Peebles & Xie, Table 4)"
    )


@styled
def bubbles() -> Figure:
    """Figure 2 from the published tables: the 12 models at 400K steps, and XL/2 at 7M beside
    earlier diffusion models.
    """
    figure = Figure(figsize=(9.2, 4.6), layout="constrained")
    grid, others = figure.subplots(1, 2), tables.prior_work()
    draw_bubbles(grid[0], tables.dit_table4())
    grid[0].set(xlabel=GFLOPS, ylabel="FID-50K")
    grid[0].set_title("DiT at 400K steps, no guidance", loc="left", fontsize=10)
    # XL/2's own in the left panel
    finest, *_ = Looks.of(with_curves(tables.dit_table4())).colours.values()
    others = others.with_columns(
        area=BUBBLE * pl.col("forward_gmacs") / pl.col("forward_gmacs").max(), name="model"
    )
    for row in others.to_dicts():
        grid[1].scatter(
            row["forward_gmacs"],
            row["fid"],
            s=row["area"],
            color=finest if row["family"] == "DiT" else GREY,
            alpha=0.55,
            edgecolor="white",
        )
    mark(
        grid[1],
        others["forward_gmacs"],
        others["fid"],
        (
            f"{row['model']}: FID {number(row['fid'])}, {number(row['forward_gmacs'])} Gflops"
            for row in others.to_dicts()
        ),
    )
    grid[1].margins(0.16, 0.2)
    log_axis(grid[1].xaxis)
    name_bubbles(grid[1], others)
    grid[1].set(xlabel=GFLOPS)
    grid[1].set_title("beside earlier diffusion models, guided", loc="left", fontsize=10)
    entitle(
        figure,
        "Compute and quality of diffusion models on ImageNet 256",
        "Bubble area: Gflops, on a scale of each panel's own. FID-50K as published: DiT Tables 2, "
        "4 and 6 "
        "(Peebles & Xie 2022). The right panel's protocols differ from model to model; grey: no "
        "DiT.",
    )
    return figure


@styled
def block_designs() -> Figure:
    """Figure 5's last points, from DiT Table 4: XL/2 with each design at 400K steps, against its
    Gflops.
    """
    rows = tables.block_designs()
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    colours = hues(DESIGNS)
    for row, marker in zip(rows.sort("fid", descending=True).to_dicts(), MARKERS):
        axes.plot(
            row["forward_gmacs"],
            row["fid"],
            marker=marker,
            markersize=10,
            color=colours[row["conditioning"]],
            linestyle="none",
        )
        axes.annotate(
            f"{row['conditioning']}  {number(row['fid'])}",
            (row["forward_gmacs"], row["fid"]),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    mark(
        axes,
        rows["forward_gmacs"],
        rows["fid"],
        (
            f"{row['conditioning']}: FID {number(row['fid'])}, {number(row['forward_gmacs'])} "
            "Gflops"
            for row in rows.to_dicts()
        ),
    )
    axes.margins(x=0.45, y=0.15)
    axes.set(xlabel=GFLOPS, ylabel="FID-50K")
    entitle(
        figure,
        "Block designs of DiT-XL/2 at 400K steps",
        "DiT Table 4 (Peebles & Xie 2022): ImageNet 256, 250 DDPM steps, no guidance, one training "
        "each.",
    )
    return figure


@styled
def sampling_compute() -> Figure:
    """The two points of Figure 10 that the paper states in words; its curves are not tabulated."""
    rows = tables.sampling_compute()
    figure = Figure(figsize=(6.8, 4.0), layout="constrained")
    axes = figure.add_subplot()
    spent = rows["forward_gmacs"] * rows["sampling_steps"]
    colours = hues(range(len(rows)))
    for i, row in enumerate(rows.to_dicts()):
        axes.plot(spent[i], row["fid"], "o", markersize=10, color=colours[i])
        axes.annotate(
            f"{row['model']}, {row['sampling_steps']:,} steps: {number(row['fid'])}",
            (spent[i], row["fid"]),
            xytext=(0, 12),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    axes.margins(0.35)
    log_axis(axes.xaxis, narrow=True)
    axes.set(xlabel=SAMPLING_GFLOPS, ylabel="FID-10K")
    entitle(
        figure,
        "Sampling compute does not make up for model compute",
        "DiT section 5 (Peebles & Xie 2022), as stated in its text: 5 times the sampling compute, "
        "and the smaller "
        "model is still behind.",
    )
    return figure
