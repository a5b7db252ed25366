"""What does the fitted law of FID say, and where was it wrong? Its bands and its audit."""

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.answers.study import Answers
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import say_far, settings_note
from analysis.figures.drawing.panels import GFLOPS, Looks
from analysis.figures.drawing.style import GREY, INK, entitle, legend, styled
from analysis.fits import holdout
from analysis.fits.fid_choice import Chosen, Score
from analysis.fits.fid_laws import FidLaw
from analysis.fits.linear import Interval
from analysis.select.curves import with_curves
from analysis.text import number

AHEAD = 4.0  # times the largest model: how far a law is drawn


@styled
def fid_law(
    source: Answers | pl.DataFrame, ahead: float = AHEAD, title: str = "A law of FID, and its audit"
) -> Figure:
    """The law of FID chosen without the largest rung: its lines and 95 % prediction bands for each
    series, up to ``ahead`` times the largest model, and its predictions for the largest rung from
    a fit without it.

    ValueError, from ``fid_laws``, where rungs or models are too few.
    """
    answers = Answers.of(source)
    chosen, final, law = answers.rolled
    points, trials = answers.selection.points(), with_curves(answers.selection.trials)
    looks = Looks.of(trials)
    curves = trials.select("model", "curve").unique()
    models = answers.models.join(curves, on="model", maintain_order="left")
    figure = Figure(figsize=(8.6, 5.4), layout="constrained")
    axes = figure.add_subplot()
    for curve, colour in looks.colours.items():
        mine = models.filter(pl.col("curve") == curve).sort("params_m")
        if len(mine) > 1:
            _law_line(axes, law, mine, ahead, colour)
    _measured(axes, models, looks)
    _audit_bars(axes, final, models, looks)
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    axes.set(xlabel=GFLOPS, ylabel=points["fid_label"][0])
    legend(
        axes,
        looks.legend()
        | {
            "Law": [
                (Line2D([], [], color=GREY), "fitted to all"),
                (Line2D([], [], color=GREY, linestyle=":"), "extrapolated"),
                (Line2D([], [], color=GREY, alpha=0.25, linewidth=8), "95 %, one training"),
                (
                    Line2D([], [], color=INK, marker="_", linestyle="-", linewidth=1),
                    f"{final.rung} foretold",
                ),
            ],
        },
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
    )
    axes.set_title(audit_text(chosen, final), loc="left", fontsize=9, color=GREY)
    say_far(axes, holdout.far(ahead, "the largest model"))
    entitle(
        figure,
        title,
        f"log FID = a constant and {chosen.law} (N parameters, T tokens, G Gflops; × with both "
        "terms). "
        f"Drawn to {ahead:g} times the largest model. {settings_note(points)}",
    )
    return figure


def audit_text(chosen: Chosen, final: Score) -> str:
    """``Form chosen on L; XL foretold from S, B, L: rms log error 0.05, 3 of 3 inside their 95 %
    intervals``.
    """
    if final.predicted is None:
        return f"Form chosen on {chosen.decided_on}; {final.rung} was not foretold: {final.why}"
    return (
        f"Form chosen on {chosen.decided_on}; {final.rung} foretold from {', '.join(final.below)}: "
        f"rms log error {number(final.rms, 2)}, {final.inside} of {len(final.models)} inside their "
        "95 % intervals"
    )


def _law_line(axes: Axes, law: FidLaw, mine: pl.DataFrame, ahead: float, colour) -> None:
    """Draw the law along the curve of the models ``mine``: Gflops follow parameters as they do
    among these.
    """
    log_n, log_g = mine["params_m"].log().to_numpy(), mine["forward_gmacs"].log().to_numpy()
    n = np.exp(np.linspace(log_n[0], log_n[-1] + np.log(ahead), 120))
    g = np.exp(np.interp(np.log(n), log_n, log_g))
    beyond = np.log(n) > log_n[-1]
    rate = (log_g[-1] - log_g[-2]) / (log_n[-1] - log_n[-2])
    g[beyond] = mine["forward_gmacs"][-1] * (n[beyond] / mine["params_m"][-1]) ** rate
    at = pl.DataFrame(
        {"params_m": n, "forward_gmacs": g, "tokens": np.full(len(n), mine["tokens"][0])}
    )
    predicted = law.predict(at)
    axes.fill_between(
        g, predicted.predicted_low, predicted.predicted_high, color=colour, alpha=0.12, linewidth=0
    )
    axes.plot(g[~beyond], predicted.value[~beyond], color=colour, linewidth=1.5)
    axes.plot(g[beyond], predicted.value[beyond], color=colour, linewidth=1.5, linestyle=":")


def _measured(axes: Axes, models: pl.DataFrame, looks: Looks) -> None:
    for row in models.to_dicts():
        axes.plot(
            row["forward_gmacs"],
            row["fid"],
            marker=looks.markers[row["rung"]],
            color=looks.colours[row["curve"]],
            markersize=7,
            markeredgecolor="white",
            linestyle="none",
            zorder=4,
        )
    mark(
        axes,
        models["forward_gmacs"],
        models["fid"],
        (f"{row['model']}: FID {number(row['fid'])}" for row in models.to_dicts()),
    )


def _audit_bars(axes: Axes, final: Score, models: pl.DataFrame, looks: Looks) -> None:
    """Draw, beside each model of the largest rung, what the law predicted for it."""
    if final.predicted is None:
        return
    foretold: Interval = final.predicted
    for i, name in enumerate(final.models):
        row = models.row(by_predicate=pl.col("model") == name, named=True)
        x = row["forward_gmacs"] * 1.09
        axes.plot(
            [x, x],
            [foretold.predicted_low[i], foretold.predicted_high[i]],
            color=INK,
            linewidth=1,
            zorder=5,
        )
        axes.plot(
            x,
            foretold.value[i],
            marker="_",
            markersize=9,
            color=looks.colours[row["curve"]],
            zorder=6,
            markeredgewidth=2.5,
        )
        mark(
            axes,
            [x],
            [foretold.value[i]],
            [
                f"{name}: foretold {number(float(foretold.value[i]))} "
                f"[{number(float(foretold.predicted_low[i]))}, "
                f"{number(float(foretold.predicted_high[i]))}], measured {number(row['fid'])}"
            ],
        )
