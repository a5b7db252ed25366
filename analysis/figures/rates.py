"""Which learning rate is best? Held-out loss against the rate."""

import polars as pl
from matplotlib.figure import Figure

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import done_note, settings_note
from analysis.figures.drawing.panels import dashes_of, panels_of, protocol_legend, side_legend
from analysis.figures.drawing.style import entitle, shades, shapes, styled
from analysis.select.curves import curve_order, rung_order, with_curves
from analysis.select.learning_rates import best_rates, lr_table
from analysis.text import number


@styled
def heldout_vs_lr(trials: pl.DataFrame) -> Figure:
    """Held-out loss against learning rate, a panel per series, a line per rung. A ring marks the
    lowest of each model, a square one at an end of the range.
    """
    trials = with_curves(trials)
    best = {(rate.of, rate.besides): rate for rate in best_rates(trials)}
    table = (
        lr_table(trials)
        .filter(pl.col("heldout_loss").is_not_null())
        .select("name", "model", "besides", "lr", "heldout_loss")
        .join(trials.select("model", "rung", "curve").unique(), on="model", maintain_order="left")
    )
    rungs = rung_order(trials)
    colours, markers = shades(rungs), shapes(rungs)
    figure, panels = panels_of([*reversed(curve_order(trials))])
    ways = dict(zip(table["besides"], table["besides"]))
    dashes = dashes_of(ways)
    for curve, axes in panels.items():
        here = table.filter(pl.col("curve") == curve).sort("lr")
        for (name, model, besides, rung), rows in here.group_by(
            "name", "model", "besides", "rung", maintain_order=True
        ):
            axes.plot(
                rows["lr"],
                rows["heldout_loss"],
                color=colours[rung],
                marker=markers[rung],
                markersize=5,
                linestyle=dashes[besides],
            )
            pairs = rows.select("lr", "heldout_loss").rows()
            mark(
                axes,
                *zip(*pairs),
                (f"{name}: held-out loss {number(loss, 4)} at {lr:g}" for lr, loss in pairs),
            )
            at = best[model, besides]
            axes.plot(
                at.lr,
                at.heldout_loss,
                marker="s" if at.edge else "o",
                markersize=14,
                markerfacecolor="none",
                markeredgecolor=colours[rung],
                markeredgewidth=1.8,
                linestyle="none",
            )
        axes.set_xlabel("learning rate")
    first, rates = next(iter(panels.values())), sorted(trials["lr"].unique())
    first.set_xscale("log")
    first.set_xlim(rates[0] / 1.5, rates[-1] * 1.5)
    for axes in panels.values():
        axes.set_xticks(
            rates, [f"{rate:g}" for rate in rates], rotation=35 if len(panels) > 1 else 0
        )
        axes.set_xticks([], minor=True)
    first.margins(y=0.1)
    log_axis(first.yaxis)
    first.set_ylabel("held-out loss")
    side_legend(figure, "Size", colours, markers, protocol_legend(ways, "Trained with"))
    edges = (
        ""
        if not any(rate.edge for rate in best.values())
        else (" Squares: the lowest is at the end of the range, the optimum may lie beyond.")
    )
    entitle(
        figure,
        "Held-out loss against learning rate",
        f"Rings: the lowest of each model.{edges} {settings_note(trials, lr=False, sampling=False)}"
        f"{done_note(trials)}",
    )
    return figure
