"""How does loss follow from model size and images? Approach 3 and the frontier of sizes."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.answers.study import RESAMPLES
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import say_far
from analysis.figures.drawing.style import GREY, INK, entitle, legend, shades, styled
from analysis.fits import holdout
from analysis.fits.approaches import parametric
from analysis.fits.approaches.budgets import flops_of
from analysis.fits.approaches.parametric import Approach3
from analysis.fits.intervals import Uncertain
from analysis.text import number

TRAINING_FLOPS = "training FLOPs"


@styled
def loss_law(
    fitted: Approach3,
    size: str = "MACs of a forward pass",
    label: str = "held-out loss",
    resamples: int = RESAMPLES,
    note: str = "",
    ahead: float = holdout.FAR,
    sure: Uncertain | None = None,
) -> Figure:
    """Loss against training FLOPs by model size: measured, the law E + A/N^alpha + B/D^beta with
    its 95 % band, and the frontier of best sizes, to ``ahead`` times the largest budget; ``note``
    says what the runs share, ``sure`` are the intervals where they are known already.
    """
    runs, sure = fitted.runs, sure or parametric.uncertain(fitted, resamples)
    figure = Figure(figsize=(8.6, 5.0), layout="constrained")
    axes = figure.add_subplot()
    sizes = np.unique(runs["n"])
    colours = shades([number(float(n)) for n in sizes])
    flops = flops_of(runs)
    for n, colour in zip(sizes, colours.values()):
        mine = runs["n"] == n
        axes.plot(flops[mine], runs["loss"][mine], "o", color=colour, markersize=4, alpha=0.8)
        mark(
            axes,
            flops[mine],
            runs["loss"][mine],
            (
                f"{number(float(n))} {size}, {number(float(images))} images: {label} "
                f"{number(loss, 4)}"
                for images, loss in zip(runs["d"][mine], runs["loss"][mine])
            ),
        )
        d = np.geomspace(runs["d"][mine].min(), runs["d"][mine].max(), 60)
        c = fitted.flops_factor * n**fitted.flops_power * d
        band = sure.predict(lambda p, n=n, d=d: parametric.law(p[..., None, :], n, d))
        axes.fill_between(c, band.low, band.high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(c, band.value, color=colour, linewidth=1.3)
    c = np.geomspace(flops.min(), flops.max() * ahead, 100)
    best = fitted.loss(*fitted.optimal(c))
    axes.plot(c, best, color=INK, linestyle="--", linewidth=1.2)
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    axes.set(xlabel=TRAINING_FLOPS, ylabel=label)
    legend(
        axes,
        {
            size: [
                (Line2D([], [], color=colour, marker="o", markersize=5), name)
                for name, colour in colours.items()
            ],
            "Law": [(Line2D([], [], color=INK, linestyle="--"), "best size at each budget")],
        },
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
    )
    low, high = fitted.exponent_interval(sure)
    floor = f"{number(fitted.E)} + " if fitted.has_floor else ""
    axes.set_title(
        f"$L = {floor}{number(fitted.A)}\\,N^{{{-fitted.alpha:.3f}}} + {number(fitted.B)}\\,"
        f"D^{{{-fitted.beta:.3f}}}$;  $N_{{opt}} \\propto C^{{{fitted.exponent:.2f}}}$, "
        f"95 % [{low:.2f}, {high:.2f}]",
        loc="left",
        fontsize=9,
        color=GREY,
    )
    say_far(axes, holdout.far(ahead, "the largest budget"))
    entitle(
        figure,
        "Approach 3: loss of model size and images",
        f"{fitted.n_runs} evaluated checkpoints; bands: 95 % confidence of the law. The dashed "
        "frontier goes to "
        f"{ahead:g} times the largest budget and may ask for sizes that nobody trained. {note}",
    )
    return figure
