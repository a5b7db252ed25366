"""Can more sampling steps make up for a smaller model? FID against sampling compute. Figure 10."""

import polars as pl
from matplotlib.figure import Figure

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import settings_note
from analysis.figures.drawing.panels import Looks, dashes_of, protocol_legend
from analysis.figures.drawing.style import entitle, legend, styled
from analysis.select.curves import with_curves
from analysis.select.recipes import recipe_column, recipes_of
from analysis.select.selection import Selection
from analysis.text import number

SAMPLING_GFLOPS = "Gflops to sample one image (10⁹ multiply-accumulates, decoder left out)"


@styled
def fid_vs_sampling_gflops(
    trials: Selection | pl.DataFrame, title: str = "FID against sampling compute"
) -> Figure:
    """A line per model over its numbers of sampling steps, averaged over seeds.

    ``trials`` are of one study or several that differ in the sampling steps alone. ValueError where
    no model was sampled at two numbers of steps, or where anything else makes FIDs incomparable.
    """
    points = with_curves(Selection.of_trials(trials).sampling_points)
    means = points.group_by(
        "model", "rung", "curve", "sampling_gmacs", "sampling_steps", maintain_order=True
    ).agg(pl.col("fid").log().mean().exp())
    if means.group_by("model").agg(pl.col("sampling_steps").n_unique())["sampling_steps"].max() < 2:
        raise ValueError(
            "no model was sampled at two numbers of steps; evaluate it at more, such as 16, 64 and "
            "250"
        )
    figure = Figure(figsize=(8.2, 5.0), layout="constrained")
    axes = figure.add_subplot()
    looks = Looks.of(points)
    recipes, column = recipes_of(points), recipe_column(points)
    dashes = dashes_of(recipes)
    recipe_of = dict(points.select("model", column).rows()) if column else {}
    for (model, rung, curve), rows in means.group_by("model", "rung", "curve", maintain_order=True):
        rows = rows.sort("sampling_steps")
        axes.plot(
            rows["sampling_gmacs"],
            rows["fid"],
            color=looks.colours[curve],
            marker=looks.markers[rung],
            markersize=6,
            markeredgecolor="white",
            linestyle=dashes[recipe_of[model]] if column else "-",
        )
        mark(
            axes,
            rows["sampling_gmacs"],
            rows["fid"],
            (
                f"{model}, {row['sampling_steps']} steps: FID {number(row['fid'])}"
                for row in rows.to_dicts()
            ),
        )
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    axes.set(xlabel=SAMPLING_GFLOPS, ylabel=points["fid_label_over_steps"][0])
    groups = looks.legend() | protocol_legend(recipes, "Recipe")
    legend(axes, groups, loc="upper left", bbox_to_anchor=(1.01, 1.02))
    steps = ", ".join(map(str, sorted(points["sampling_steps"].unique())))
    entitle(
        figure,
        title,
        f"Steps of {points['sampler'][0]}: {steps}. {settings_note(points, sampling=False)}",
    )
    return figure
