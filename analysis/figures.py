"""What does the study look like? One function per figure, from frames to matplotlib Figures.

What was measured is drawn; what enters a fit is decided in ``slopes``. Each figure says its protocol and settings.
"""

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.finding import slope_text
from analysis.grid_steps import THRESHOLD, size_order
from analysis.nuisance import best_rates, lr_table
from analysis.published import dit_table4
from analysis.slopes import MIN_MODELS, Slope, fit_points, slope
from analysis.style import (
    GREY,
    entitle,
    legend,
    log_axis,
    patch_colours,
    size_colours,
    size_markers,
    styled,
    subtitle,
)
from analysis.text import count, fixed

GFLOPS = "Gflops of one forward pass (10⁹ multiply-accumulates)"
COLUMNS = 3  # panels side by side


@styled
def fid_vs_gflops(trials: pl.DataFrame, title: str = "FID against model Gflops") -> Figure:
    """One line per patch, a marker per size; seeds as dots, their geometric mean with error bars; the slope if any.

    ValueError, from ``fit_points``, where the trials do not belong on one axis or none has a FID.
    """
    points = fit_points(trials)
    law = slope(trials) if points["forward_gmacs"].n_unique() >= MIN_MODELS else None
    figure = Figure(figsize=(8.6, 5.4), layout="constrained")
    axes = figure.add_subplot()
    sizes, seeds = size_order(trials), points["seed"].n_unique()
    colours, markers = patch_colours(trials["patch"].to_list()), size_markers(sizes)
    if law:
        _draw_law(axes, law)
    for (patch,), rows in points.group_by("patch", maintain_order=True):
        cells = _means(rows).sort("forward_gmacs")
        axes.plot(cells["forward_gmacs"], cells["fid"], color=colours[patch], linewidth=1.6, zorder=3)
        if seeds > 1:
            axes.scatter(rows["forward_gmacs"], rows["fid"], s=9, color=colours[patch], alpha=0.45, lw=0, zorder=4)
        for cell in cells.to_dicts():
            bars = None if cell["error"] is None else [[cell["fid"] - cell["low"]], [cell["high"] - cell["fid"]]]
            axes.errorbar(cell["forward_gmacs"], cell["fid"], yerr=bars, color=colours[patch], capsize=3, linewidth=1.2,
                          marker=markers[cell["size"]], markersize=7.5, markeredgecolor="white", zorder=5)
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    axes.set(xlabel=GFLOPS, ylabel=points["fid_label"][0])
    patches = [Line2D([], [], color=c, linewidth=2) for c in colours.values()]
    shapes = [Line2D([], [], color=GREY, marker=m, linestyle="none", markersize=7) for m in markers.values()]
    groups = {"Patch": [*zip(patches, map(str, colours))], "Size": [*zip(shapes, markers)]}
    if law:
        groups["Fit"] = [(Line2D([], [], color=GREY, linestyle="--"), "all models"),
                         (Line2D([], [], color=GREY, alpha=0.2, linewidth=8), "its 95 % band")]
    legend(axes, groups, loc="upper left", bbox_to_anchor=(1.01, 1.02))
    if law:
        text = slope_text(law)
        subtitle(axes, f"{text[0].upper()}{text[1:]}. Correlation of FID with log Gflops {fixed(law.r)}.", 98)
    bars = (f"Dots: one training each. Markers: geometric mean of {seeds} seeds, bars {THRESHOLD:g} standard errors."
            if seeds > 1 else "One training per point: no error is known.")
    entitle(figure, title, f"{bars} {settings_note(points)}{_done_note(trials)}")
    return figure


def published_fid_vs_gflops() -> Figure:
    """The paper's own curve, DiT Table 4, drawn as ours is (its Figure 8 gives a correlation of -0.93)."""
    return fid_vs_gflops(dit_table4(), title="The paper's: DiT on ImageNet 256 (Peebles & Xie, Table 4)")


def fid_vs_steps(evaluations: pl.DataFrame) -> Figure:
    """FID over training steps, a panel per patch, a line per size."""
    return _panels(_headline(evaluations), "step", "training steps", "FID over training")


def fid_vs_train_flops(evaluations: pl.DataFrame) -> Figure:
    """FID against training compute so far, a panel per patch, a line per size."""
    return _panels(_headline(evaluations), "train_flops", "training FLOPs", "FID against training compute", log_x=True)


def heldout_vs_steps(evaluations: pl.DataFrame) -> Figure:
    """Held-out loss over training steps, a panel per patch, a line per size."""
    return _panels(_headline(evaluations, "heldout_loss"), "step", "training steps", "Held-out loss over training")


@styled
def heldout_vs_lr(trials: pl.DataFrame) -> Figure:
    """Held-out loss against learning rate, a panel per patch, a line per size; the best ringed, flagged at an edge."""
    best = {rate.name: rate for rate in best_rates(trials)}
    table = lr_table(trials).filter(pl.col("heldout_loss").is_not_null())
    sizes = size_order(trials)
    colours, markers = size_colours(sizes), size_markers(sizes)
    figure, panels = _grid_of_panels(sorted(trials["patch"].unique()), share_x=True)
    for patch, axes in panels.items():
        here = table.filter(pl.col("patch") == patch).sort("lr")
        for (model, size), rows in here.group_by("model", "size", maintain_order=True):
            axes.plot(rows["lr"], rows["heldout_loss"], color=colours[size], marker=markers[size], markersize=5)
            at = best[model]
            axes.plot(at.lr, at.heldout_loss, marker="s" if at.edge else "o", markersize=14, markerfacecolor="none",
                      markeredgecolor=colours[size], markeredgewidth=1.8, linestyle="none")
        axes.set_xlabel("learning rate")
    first, rates = next(iter(panels.values())), sorted(trials["lr"].unique())
    first.set_xscale("log")
    first.set_xlim(rates[0] / 1.5, rates[-1] * 1.5)
    for axes in panels.values():
        axes.set_xticks(rates, [f"{rate:g}" for rate in rates], rotation=35 if len(panels) > 1 else 0)
        axes.set_xticks([], minor=True)
    first.margins(y=0.1)
    log_axis(first.yaxis)
    first.set_ylabel("held-out loss")
    _size_legend(figure, colours, markers)
    edges = "" if not any(rate.edge for rate in best.values()) else (
        " Squares: the lowest is at the end of the range, the optimum may lie beyond.")
    entitle(figure, "Held-out loss against learning rate",
            f"Rings: the lowest of each model.{edges} {settings_note(trials, lr=False, sampling=False)}"
            f"{_done_note(trials)}")
    return figure


def settings_note(frame: pl.DataFrame, lr: bool = True, sampling: bool = True) -> str:
    """What the drawn trials share, in a line: data, sampling, average, training."""
    parts = [f"Data: {_one(frame, 'data')}", *([f"sampling: {_one(frame, 'sampling')}"] if sampling else []),
             f"weights: {_one(frame, 'ema')}", f"batch {_one(frame, 'batch')}"]
    if "steps" in frame.columns and frame["steps"].n_unique() == 1:
        parts.append(f"{frame['steps'][0]:,} steps")
    if lr:
        rates = sorted(frame["lr"].unique())
        parts.append(f"learning rate {rates[0]:g}" + (f" to {rates[-1]:g}" if len(rates) > 1 else ""))
    return "; ".join(parts) + "."


@styled
def _panels(rows: pl.DataFrame, x: str, xlabel: str, title: str, log_x: bool = False) -> Figure:
    sizes = size_order(rows)
    colours, markers = size_colours(sizes), size_markers(sizes)
    figure, panels = _grid_of_panels(sorted(rows["patch"].unique()), share_x=True)
    positive = bool((rows["value"] > 0).all())
    for patch, axes in panels.items():
        for size in sizes:
            cell = rows.filter((pl.col("patch") == patch) & (pl.col("size") == size))
            for _, one in cell.sort(x).group_by("trial_id", maintain_order=True):
                axes.plot(one[x], one["value"], color=colours[size], linewidth=0.7, alpha=0.4)
            middle = pl.col("value").log().mean().exp() if positive else pl.col("value").mean()
            mean = cell.group_by(x).agg(middle).sort(x)
            axes.plot(mean[x], mean["value"], color=colours[size], marker=markers[size], markersize=5, linewidth=1.6)
        axes.set_xlabel(xlabel)
    first = next(iter(panels.values()))
    if log_x:
        log_axis(first.xaxis, narrow=True)
    if positive:
        log_axis(first.yaxis)
    first.set_ylabel(rows["label"][0])
    _size_legend(figure, colours, markers)
    seeds = rows["seed"].n_unique()
    thick = f"Thick: mean of {seeds} seeds, thin: one training each. " if seeds > 1 else ""
    entitle(figure, title, f"{thick}{settings_note(rows, lr=False, sampling=bool(rows['samples'].count()))}")
    return figure


def _grid_of_panels(patches: list[int], share_x: bool = False) -> tuple[Figure, dict]:
    columns = min(COLUMNS, len(patches))
    lines = -(-len(patches) // columns)
    figure = Figure(figsize=(9.2 if columns > 1 else 7.2, 1.5 + 2.9 * lines), layout="constrained")
    grid = figure.subplots(lines, columns, sharex=share_x, sharey=True, squeeze=False).ravel()
    for axes in grid[len(patches):]:
        axes.remove()
    for patch, axes in zip(patches, grid):
        axes.tick_params(labelbottom=True)
        axes.set_title(f"patch {patch}", loc="left", fontsize=10)
    return figure, dict(zip(patches, grid))


def _size_legend(figure: Figure, colours: dict, markers: dict) -> None:
    handles = [Line2D([], [], color=colours[s], marker=markers[s], markersize=6) for s in colours]
    legend(figure, {"Size": [*zip(handles, colours)]}, loc="outside right upper")


def _headline(evaluations: pl.DataFrame, metric: str = "fid") -> pl.DataFrame:
    rows = evaluations.filter((pl.col("metric") == metric) & pl.col("headline") & pl.col("value").is_not_null())
    if rows.is_empty():
        raise ValueError(f"no evaluation has a figure for {metric}; it was not asked for, or is not measured yet")
    if rows["protocol"].n_unique() > 1:
        raise ValueError(f"{rows['protocol'].n_unique()} protocols are mixed; their figures do not belong on one axis")
    return rows


def _means(points: pl.DataFrame) -> pl.DataFrame:
    """Per model: the geometric mean over seeds of FID and where the error bars end."""
    log = pl.col("fid").log()
    cells = points.group_by("model", "size", "forward_gmacs").agg(
        log.mean().alias("mean"), (log.std() / pl.len().sqrt()).alias("error"))
    return cells.with_columns(fid=pl.col("mean").exp(), low=(pl.col("mean") - THRESHOLD * pl.col("error")).exp(),
                              high=(pl.col("mean") + THRESHOLD * pl.col("error")).exp())


def _draw_law(axes, law: Slope) -> None:
    x = np.geomspace(law.gflops.min() / 1.15, law.gflops.max() * 1.15, 100)
    axes.fill_between(x, *law.band(x), color=GREY, alpha=0.13, linewidth=0, zorder=1)
    axes.plot(x, law.line(x), color=GREY, linestyle="--", linewidth=1.2, zorder=2)


def _one(frame: pl.DataFrame, column: str) -> str:
    values = frame[column].unique(maintain_order=True)
    return " or ".join(map(str, values)) if len(values) < 4 else f"{len(values)} values of {column}"


def _done_note(trials: pl.DataFrame) -> str:
    done = int((trials["state"] == "completed").sum())
    return "" if done == len(trials) else f" Unfinished: {done} of {count(len(trials), 'trial')} completed."
