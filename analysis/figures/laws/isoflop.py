"""Which size is best at each budget of training FLOPs? isoFLOP profiles and their law."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis, tick
from analysis.figures.drawing.notes import say_far
from analysis.figures.drawing.style import GREY, entitle, legend, shades, styled
from analysis.figures.laws.loss_law import TRAINING_FLOPS
from analysis.fits import holdout
from analysis.fits.approaches import isoflop
from analysis.fits.approaches.isoflop import IsoFlop
from analysis.fits.points import Runs
from analysis.text import number


@styled
def isoflop_profiles(
    runs: Runs,
    fitted: IsoFlop,
    label: str = "held-out loss",
    size: str = "parameters",
    note: str = "",
    ahead: float = holdout.FAR,
) -> Figure:
    """Left, loss against model size at each budget, with a fitted curve and its minimum; right, the
    law of the minima, drawn to ``ahead`` times the largest budget.

    ``runs`` have columns n, loss and flops. The note below says why a budget has no minimum;
    ``note`` says what the runs share.
    """
    figure = Figure(figsize=(9.2, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = shades([m.flops for m in fitted.minima])
    for of_budget, curve in zip(isoflop.by_budget(runs), fitted.minima):
        colour = colours[curve.flops]
        left.plot(of_budget["n"], of_budget["loss"], "o", color=colour, markersize=4.5)
        mark(
            left,
            of_budget["n"],
            of_budget["loss"],
            (
                f"{number(float(n))} {size}: {label} {number(loss, 4)} at {number(curve.flops)} "
                "FLOPs"
                for n, loss in zip(of_budget["n"], of_budget["loss"])
            ),
        )
        if curve.coefficients is not None:
            x = np.geomspace(of_budget["n"].min(), of_budget["n"].max(), 100)
            left.plot(x, curve.line(x), color=colour, linewidth=1.4)
        if curve.n is not None:
            mark(
                left,
                [curve.n],
                [curve.loss],
                [
                    f"{number(curve.flops)} FLOPs: least {label} {number(curve.loss, 4)} at "
                    f"{number(curve.n)} {size}"
                ],
            )
            left.plot(
                curve.n,
                curve.loss,
                marker="*",
                markersize=13,
                color=colour,
                markeredgecolor="white",
            )
            error = 0 if curve.log_n_error is None else curve.n * np.expm1(2 * curve.log_n_error)
            right.errorbar(
                curve.flops, curve.n, yerr=error, marker="*", markersize=11, color=colour, capsize=3
            )
    budgets = np.array([m.flops for m in fitted.used])
    x = np.geomspace(budgets.min(), budgets.max() * ahead, 100)
    value, low, high = fitted.n_opt(x)
    inside = x <= budgets.max()
    right.fill_between(x, low, high, color=GREY, alpha=0.15, linewidth=0)
    right.plot(x[inside], value[inside], color=GREY)
    right.plot(x[~inside], value[~inside], color=GREY, linestyle=":")
    for axes in (left, right):
        log_axis(axes.xaxis)
        log_axis(axes.yaxis)
    left.set(xlabel=size, ylabel=label)
    right.set(xlabel=TRAINING_FLOPS, ylabel=f"{size} of least loss")
    mark(
        right,
        budgets,
        [m.n for m in fitted.used],
        (f"{number(m.flops)} FLOPs: {number(m.n)} {size}" for m in fitted.used),
    )
    budgets_named = [
        (Line2D([], [], color=c, marker="o"), tick(float(f"{flops:.3g}")))
        for flops, c in colours.items()
    ]
    legend(left, {"FLOPs": budgets_named}, loc="best")
    low, high = fitted.exponent_interval
    right.set_title(
        f"$N_{{opt}} \\propto C^{{{fitted.exponent:.3f}}}$, 95 % [{low:.3f}, {high:.3f}]",
        loc="left",
        fontsize=9,
        color=GREY,
    )
    say_far(right, holdout.far(ahead, "the largest budget"))
    lost = [f"{m.flops:.3g} FLOPs: {m.why}" for m in fitted.minima if m.n is None]
    entitle(
        figure,
        "IsoFLOP profiles",
        "Stars: minima, bars two standard errors. Dotted: beyond the budgets fitted, up to "
        f"{ahead:g} times the largest."
        + (f" Without a minimum: {'; '.join(lost)}." if lost else "")
        + f" {len(runs)} runs. {note}",
    )
    return figure
