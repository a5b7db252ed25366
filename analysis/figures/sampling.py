"""Can more sampling steps make up for a smaller model? FID against sampling compute. Figure 10."""

import polars as pl
from matplotlib.figure import Figure

from analysis.answers.grid_steps import size_order
from analysis.answers.slopes import sampling_points
from analysis.figures.hover import mark
from analysis.figures.panels import dashes_of, patch_and_size, protocol_legend, settings_note
from analysis.figures.style import entitle, legend, log_axis, patch_colours, size_markers, styled
from analysis.select.recipes import recipe_column, recipes_of
from analysis.text import number

SAMPLING_GFLOPS = "Gflops to sample one image (10⁹ multiply-accumulates, decoder left out)"


@styled
def fid_vs_sampling_gflops(
    trials: pl.DataFrame, title: str = "FID against sampling compute"
) -> Figure:
    """A line per model over its numbers of sampling steps; seeds averaged.

    ``trials`` of one study or several, alike but for the sampling steps. ValueError where no model
    was sampled at two numbers of steps, or where figures differ in anything else that makes them
    incomparable.
    """
    points = sampling_points(trials)
    means = points.group_by(
        "model", "size", "patch", "sampling_gmacs", "sampling_steps", maintain_order=True
    ).agg(pl.col("fid").log().mean().exp())
    if means.group_by("model").agg(pl.col("sampling_steps").n_unique())["sampling_steps"].max() < 2:
        raise ValueError(
            "no model was sampled at two numbers of steps; evaluate it at more, such as 16, 64 and "
            "250"
        )
    figure = Figure(figsize=(8.2, 5.0), layout="constrained")
    axes = figure.add_subplot()
    colours, markers = patch_colours(points["patch"].to_list()), size_markers(size_order(points))
    recipes, column = recipes_of(points), recipe_column(points)
    dashes, of = dashes_of(recipes), dict(points.select("model", column).rows()) if column else {}
    for (model, size, patch), rows in means.group_by("model", "size", "patch", maintain_order=True):
        rows = rows.sort("sampling_steps")
        axes.plot(
            rows["sampling_gmacs"],
            rows["fid"],
            color=colours[patch],
            marker=markers[size],
            markersize=6,
            markeredgecolor="white",
            linestyle=dashes[of[model]] if column else "-",
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
    groups = patch_and_size(colours, markers) | protocol_legend(recipes, "Recipe")
    legend(axes, groups, loc="upper left", bbox_to_anchor=(1.01, 1.02))
    steps = ", ".join(map(str, sorted(points["sampling_steps"].unique())))
    entitle(
        figure,
        title,
        f"Steps of {points['sampler'][0]}: {steps}. {settings_note(points, sampling=False)}",
    )
    return figure
