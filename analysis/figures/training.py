"""How do the figures move while the models train? Against steps and training FLOPs, by patch and by size."""

import polars as pl
from matplotlib.figure import Figure

from analysis.figures.hover import mark
from analysis.figures.panels import headline, panels_of, settings_note, side_legend
from analysis.grid_steps import size_order
from analysis.style import entitle, log_axis, patch_colours, size_colours, size_markers, styled
from analysis.text import number


def fid_vs_steps(evaluations: pl.DataFrame) -> Figure:
    """Figure 6, above: FID over training steps, a panel per patch, a line per size."""
    return _panels(headline(evaluations), "step", "training steps", "FID over training")


def fid_vs_steps_by_size(evaluations: pl.DataFrame) -> Figure:
    """Figure 6, below: FID over training steps, a panel per size, a line per patch."""
    return _panels(headline(evaluations), "step", "training steps", "FID over training, by size", by="size")


def fid_vs_train_flops(evaluations: pl.DataFrame) -> Figure:
    """Figure 9: FID against training compute so far, a panel per patch, a line per size."""
    return _panels(headline(evaluations), "train_flops", "training FLOPs", "FID against training compute", log_x=True)


def heldout_vs_steps(evaluations: pl.DataFrame) -> Figure:
    """Held-out loss over training steps, a panel per patch, a line per size."""
    return _panels(headline(evaluations, "heldout_loss"), "step", "training steps", "Held-out loss over training")


def loss_vs_steps(curves: pl.DataFrame) -> Figure:
    """Figure 13: training loss over steps, mean since the line before, a panel per patch, a line per size.

    ValueError where nothing is logged.
    """
    rows = curves.filter(pl.col("loss").is_finite()).with_columns(
        value=pl.col("loss"), label=pl.lit("training loss"), samples=pl.lit(None, pl.Int64))
    if rows.is_empty():
        raise ValueError("no trial has logged a loss yet")
    return _panels(rows, "step", "training steps", "Training loss", dots=False)


@styled
def _panels(rows: pl.DataFrame, x: str, xlabel: str, title: str, log_x: bool = False, by: str = "patch",
            dots: bool = True) -> Figure:
    """A panel per value of ``by``, a line per value of the other of size and patch."""
    sizes, patches = size_order(rows), sorted(rows["patch"].unique())
    if by == "patch":
        figure, panels = panels_of(patches, "patch {}")
        lines, colours, markers, other = sizes, size_colours(sizes), size_markers(sizes), "size"
    else:
        figure, panels = panels_of(sizes)
        lines, colours, other = patches, patch_colours(patches), "patch"
        markers = size_markers(patches)
    positive = bool((rows["value"] > 0).all())
    middle = pl.col("value").log().mean().exp() if positive else pl.col("value").mean()
    for panel, axes in panels.items():
        for line in lines:
            cell = rows.filter((pl.col(by) == panel) & (pl.col(other) == line))
            for _, one in cell.sort(x).group_by("trial_id", maintain_order=True):
                axes.plot(one[x], one["value"], color=colours[line], linewidth=0.7, alpha=0.4)
            mean = cell.group_by(x, "model").agg(middle, pl.len().alias("seeds")).sort(x)
            axes.plot(mean[x], mean["value"], color=colours[line], marker=markers[line] if dots else None, markersize=5,
                      linewidth=1.6)
            told = mean if dots else mean.tail(1)
            mark(axes, told[x], told["value"], (
                f"{row['model']}: {number(row['value'], 4)} at {number(row[x])} {xlabel}" for row in told.to_dicts()))
        axes.set_xlabel(xlabel)
    first = next(iter(panels.values()))
    if log_x:
        log_axis(first.xaxis, narrow=True)
    if positive:
        log_axis(first.yaxis)
    first.set_ylabel(rows["label"][0])
    side_legend(figure, other.capitalize(), colours, markers if dots else dict.fromkeys(colours))
    seeds = rows["seed"].n_unique()
    thick = f"Thick: mean of {seeds} seeds, thin: one training each. " if seeds > 1 else ""
    entitle(figure, title, f"{thick}{settings_note(rows, lr=False, sampling=bool(rows['samples'].count()))}")
    return figure
