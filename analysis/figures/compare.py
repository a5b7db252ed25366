"""How much compute is one recipe worth over another, rung by rung?"""

import numpy as np
from matplotlib.figure import Figure

from analysis.answers.compare import Comparison
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import say_far
from analysis.figures.drawing.style import GREY, INK, entitle, hues, styled
from analysis.fits.holdout import far
from analysis.select.protocols import ACROSS
from analysis.text import SPOKEN, number


@styled
def multipliers(comparisons: list[Comparison], a: str, b: str) -> Figure:
    """The compute multiplier of ``b`` over ``a`` with its 95 % interval at each rung, a line per
    series. A multiplier of 1 is no gain.
    """
    figure = Figure(figsize=(7.6, 4.6), layout="constrained")
    axes = figure.add_subplot()
    colours = hues([comparison.curve for comparison in comparisons])
    for comparison in comparisons:
        x, y = (
            [r.train_flops for r in comparison.rungs],
            np.array([r.multiplier for r in comparison.rungs]),
        )
        ends = np.array([r.interval for r in comparison.rungs]).T
        axes.errorbar(
            x,
            y,
            yerr=[y - ends[0], ends[1] - y],
            marker="o",
            capsize=3,
            linewidth=1.4,
            color=colours[comparison.curve],
            label=comparison.curve,
        )
        mark(
            axes,
            x,
            y,
            (
                f"{r.name}: {number(r.multiplier)} [{number(r.interval[0])}, "
                f"{number(r.interval[1])}]"
                for r in comparison.rungs
            ),
        )
        if comparison.crossover is not None:
            axes.axvline(
                comparison.crossover, color=colours[comparison.curve], linestyle=":", linewidth=1.2
            )
    axes.axhline(1, color=INK, linewidth=0.9)
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    axes.set(xlabel=f"training FLOPs of {b}", ylabel=f"compute multiplier of {b} over {a}")
    say_far(
        axes, far(max(comparison.reach for comparison in comparisons), f"the largest budget of {a}")
    )
    axes.legend(labelcolor=GREY)
    metric, words = (
        SPOKEN.get(comparisons[0].metric, comparisons[0].metric),
        comparisons[0].protocols,
    )
    measured = (
        f"{ACROSS} {a}: {words[0]}. {b}: {words[1]}."
        if comparisons[0].across
        else f"{metric}: {words[0].removeprefix('FID-')}."
        if words and comparisons[0].metric != "fid"
        else f"{words[0]}."
        if words
        else ""
    )
    least_seeds = min(comparison.seeds for comparison in comparisons)
    entitle(
        figure,
        f"What {b} is worth over {a}" + (", across protocols" if comparisons[0].across else ""),
        f"Training FLOPs that {a} would need for the {metric} of {b}, along {a}'s power law at "
        f"that series, over those of {b}. Bars: 95 %, {least_seeds} seeds or more, misfit "
        f"included. Dotted: crossover. {measured}",
    )
    return figure
