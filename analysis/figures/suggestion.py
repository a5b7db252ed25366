"""How wide is a prediction's interval now, and after each suggested training?"""

import numpy as np
from matplotlib.figure import Figure

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import say_far
from analysis.figures.drawing.style import GREY, INK, entitle, styled
from analysis.fits.holdout import far
from analysis.forecasting.suggestions.suggestion import Suggestion
from analysis.text import number


@styled
def suggestion(suggested: Suggestion, note: str = "") -> Figure:
    """The target's 95 % prediction interval now, and the expected one after each suggested
    training, in the order to run them. ``note`` says how the FID is measured.
    """
    widths = np.array([suggested.width, *(run.width for run in suggested.runs)])
    hours = np.cumsum([0.0, *(run.gpu_hours for run in suggested.runs)])
    names = [
        "now",
        *(
            f"{run.trial.model.name} {'on ' if run.from_step else ''}to {run.trial.train.steps:,} "
            "steps"
            for run in suggested.runs
        ),
    ]
    figure = Figure(figsize=(8.6, 1.9 + 0.36 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    row, low, high = (
        np.arange(len(names)),
        suggested.fid * np.exp(-widths / 2),
        suggested.fid * np.exp(widths / 2),
    )
    axes.hlines(row[1:], low[1:], high[1:], color="#0173b2", linewidth=5, alpha=0.75)
    axes.hlines(row[:1], low[:1], high[:1], color=GREY, linewidth=5)
    axes.axvline(suggested.fid, color=INK, linewidth=1, linestyle="--")
    mark(
        axes,
        np.full(len(row), suggested.fid),
        row,
        [f"{name}: FID {number(a)} to {number(b)}" for name, a, b in zip(names, low, high)],
    )
    axes.set_yticks(row, names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    log_axis(axes.xaxis)
    axes.set_xlabel(f"FID of {suggested.target}: 95 % prediction interval")
    say_far(axes, far(suggested.reach, "the training compute measured"))
    spent = axes.secondary_yaxis("right")
    spent.set_yticks(row, [f"{number(float(h))}" for h in hours])
    spent.set_ylabel("GPU-hours so far")
    spent.tick_params(length=0)
    entitle(
        figure,
        f"What would tell most about {suggested.target}?",
        f"Expected intervals are drawn about today's prediction, FID {number(suggested.fid)}. "
        "GPU-hours of training and "
        f"sampling on an H100 at {suggested.mfu:.0%} MFU. {note}",
    )
    return figure
