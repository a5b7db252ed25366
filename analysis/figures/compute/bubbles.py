"""Which models are dear, and how good are they? A bubble per model, its area by its Gflops."""

import math

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from analysis.answers.study import Answers
from analysis.figures.compute.gflops import hover_text, means_of
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import done_note, settings_note
from analysis.figures.drawing.panels import GFLOPS, Looks
from analysis.figures.drawing.style import entitle, legend, styled
from analysis.select.curves import with_curves
from analysis.text import seeds_text

BUBBLE = 1500  # points² of the largest


LETTER, TALL = 6.2, 10.0  # points: how wide a letter of a bubble's name is, and how tall


@styled
def fid_bubbles(
    source: Answers | pl.DataFrame, title: str = "FID against Gflops, area by Gflops"
) -> Figure:
    """Figure 2, left: a bubble per model, with its Gflops as area and its series as colour. Errors
    as ``fid_vs_gflops``.
    """
    selection = Answers.of(source).selection
    points, trials = selection.points(), selection.trials
    figure = Figure(figsize=(7.6, 4.8), layout="constrained")
    axes = figure.add_subplot()
    draw_bubbles(axes, points)
    axes.set(xlabel=GFLOPS, ylabel=points["fid_label"][0])
    seeds = points["seed"].n_unique()
    means = (
        f"Geometric means of {seeds_text(points)}. " if seeds > 1 else "One training per bubble. "
    )
    entitle(figure, title, f"{means}{settings_note(points)}{done_note(trials)}")
    return figure


def draw_bubbles(axes, points: pl.DataFrame) -> None:
    """A bubble per model of ``points`` with its rung written in it, both axes logarithmic."""
    points = with_curves(points)
    cells, looks = means_of(points), Looks.of(points)
    most = cells["forward_gmacs"].max()
    # A bubble too small to see would read as a missing one: the least area is that of a small mark.
    cells = cells.with_columns(area=(BUBBLE * pl.col("forward_gmacs") / most).clip(14)).sort(
        "area", descending=True
    )
    for cell in cells.to_dicts():
        axes.scatter(
            cell["forward_gmacs"],
            cell["fid"],
            s=cell["area"],
            color=looks.colours[cell["curve"]],
            alpha=0.55,
            edgecolor="white",
            zorder=3,
        )
    mark(axes, cells["forward_gmacs"], cells["fid"], map(hover_text, cells.to_dicts()))
    axes.margins(0.12, 0.12)
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    axes.xaxis.set_minor_formatter(NullFormatter())
    name_bubbles(axes, cells.with_columns(name="rung"))
    dots = [
        (
            Line2D([], [], color=colour, marker="o", markersize=8, alpha=0.6, linestyle="none"),
            looks.labels[curve],
        )
        for curve, colour in looks.colours.items()
    ]
    legend(axes, {looks.head: dots}, loc="upper right")


def name_bubbles(axes, cells: pl.DataFrame) -> None:
    """Write the name of each bubble: inside where the bubble is wide enough, else above, below,
    right or left of it, where it overlaps least.

    ``cells`` have columns forward_gmacs, fid, area (points²), name; the limits of ``axes`` must be
    final.
    """
    at = (
        axes.transData.transform(cells.select("forward_gmacs", "fid").to_numpy())
        * 72
        / axes.figure.dpi
    )
    radii, names = np.sqrt(cells["area"].to_numpy() / math.pi), cells["name"].to_list()
    (left, bottom), (right, top) = axes.bbox.get_points() * 72 / axes.figure.dpi
    boxes = []  # left, bottom, right, top of the names written so far, in points
    for i, name in enumerate(names):
        width, away = LETTER * len(name), radii[i] + 2
        sides = [(0.0, 0.0)] if 2 * radii[i] > width else []
        sides += [
            (0.0, away + TALL / 2),
            (0.0, -away - TALL / 2),
            (away + width / 2, 0.0),
            (-away - width / 2, 0.0),
        ]

        def in_the_way(side, i=i, width=width):
            x, y = at[i] + side
            box = np.array([x - width / 2, y - TALL / 2, x + width / 2, y + TALL / 2])
            near = np.clip(at, box[:2], box[2:]) - at  # from each bubble's middle to the box
            hit = [
                other
                for other in boxes
                if (box[:2] < other[2:]).all() and (other[:2] < box[2:]).all()
            ]
            outside = box[0] < left or box[1] < bottom or box[2] > right or box[3] > top
            return outside + len(hit) + np.sum(
                (np.hypot(*near.T) < radii) & (np.arange(len(at)) != i)
            ), box

        side = min(sides, key=lambda candidate: in_the_way(candidate)[0])
        boxes.append(in_the_way(side)[1])
        axes.annotate(
            name,
            tuple(cells.select("forward_gmacs", "fid").row(i)),
            xytext=side,
            textcoords="offset points",
            fontsize=8,
            ha="center",
            va="center",
            zorder=4,
        )
