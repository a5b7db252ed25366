"""Where does the field stand, in 2022 and in 2026? FID against Gflops and against images seen."""

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.panels import GFLOPS
from analysis.figures.drawing.style import GREY, INK, entitle, hues, legend, styled
from analysis.frames.published import frontier_of, unguided_at
from analysis.text import number

YEARS = {2022: GREY, 2026: INK}  # colour of each frontier
UNGUIDED = "none"


@styled
def fid_vs_cost(
    rows: pl.DataFrame,
    resolution: int = 256,
    title: str = "ImageNet, 2022 and 2026: quality against cost",
) -> Figure:
    """Two panels, FID against Gflops of the network and against images seen; a colour per
    tokenizer, filled without guidance. The lines join what nothing cheaper betters without
    guidance. ``rows`` as ``frames.published.field``.

    ValueError where nothing was reported at ``resolution``.
    """
    rows = rows.filter((pl.col("resolution") == resolution) & pl.col("fid").is_not_null())
    if rows.is_empty():
        raise ValueError(f"nothing is tabulated at {resolution} pixels")
    colours = hues(rows["tokenizer"].unique(maintain_order=True).to_list())
    figure = Figure(figsize=(9.6, 5.0), layout="constrained")
    for axes, (axis, label) in zip(
        figure.subplots(1, 2, sharey=True),
        (("forward_gmacs", GFLOPS), ("images", "images seen in training")),
    ):
        _panel(axes, rows.drop_nulls(axis), axis, colours)
        log_axis(axes.xaxis)
        log_axis(axes.yaxis)
        axes.set_xlabel(label)
    figure.axes[0].set_ylabel("FID-50K, as each reports it")
    groups = {
        "Tokenizer": [
            (Line2D([], [], color=colour, marker="o", linestyle="none"), name)
            for name, colour in colours.items()
        ],
        "Guidance": [
            (Line2D([], [], color=GREY, marker="o", linestyle="none"), "none"),
            (_open(GREY), "guided, or not restated"),
        ],
        "Best without, at its cost": [
            (Line2D([], [], color=colour), f"to {year}") for year, colour in YEARS.items()
        ],
    }
    legend(figure, groups, loc="outside right upper")
    hidden = [rows[axis].null_count() for axis in ("forward_gmacs", "images")]
    entitle(
        figure,
        title,
        f"{len(rows)} reports at {resolution} pixels; {hidden[0]} do not tell their Gflops and "
        f"{hidden[1]} not their images. Protocols, samplers and averages differ from report to "
        "report; a tokenizer's and a decoder's own cost is in no figure.",
    )
    return figure


def _open(colour) -> Line2D:
    return Line2D([], [], color=colour, marker="o", markerfacecolor="white", linestyle="none")


def _panel(axes: Axes, rows: pl.DataFrame, axis: str, colours: dict) -> None:
    for row in rows.to_dicts():
        colour = colours[row["tokenizer"]]
        axes.plot(
            row[axis],
            row["fid"],
            marker="o",
            markersize=6,
            color=colour,
            markerfacecolor=colour if row["guidance"] == UNGUIDED else "white",
            linestyle="none",
            zorder=3,
        )
    mark(axes, rows[axis], rows["fid"], map(_hover, rows.to_dicts()))
    for year, colour in YEARS.items():
        best = frontier_of(unguided_at(rows, rows["resolution"][0], year), axis)
        axes.plot(best[axis], best["fid"], color=colour, linewidth=1.3, zorder=2)


def _hover(row: dict) -> str:
    cost = ", ".join(
        f"{number(row[name])} {unit}"
        for name, unit in (("forward_gmacs", "Gflops"), ("images", "images"))
        if row[name] is not None
    )
    batch = "batch not told" if row["batch"] is None else f"batch {row['batch']:,}"
    return (
        f"{row['model']}: FID {number(row['fid'])}, guidance {row['guidance']}, {cost}, {batch}, "
        f"protocol {row['protocol'] or 'not told'} ({row['source']}, {row['known']})"
    )
