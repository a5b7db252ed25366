"""What do the fitted laws say, how certain are they, and where were they wrong? Laws with bands,
isoFLOP profiles, and exponents by choice.
"""

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.answers.study import RESAMPLES, Answers
from analysis.figures.hover import mark
from analysis.figures.panels import GFLOPS, Looks, say_far, settings_note
from analysis.figures.style import (
    GREY,
    INK,
    entitle,
    hues,
    legend,
    log_axis,
    shades,
    styled,
    tick,
)
from analysis.fits import holdout, isoflop, parametric
from analysis.fits.fid_laws import Chosen, FidLaw, Score
from analysis.fits.intervals import Uncertain
from analysis.fits.isoflop import IsoFlop
from analysis.fits.linear import Interval
from analysis.fits.parametric import Approach3
from analysis.fits.points import Runs
from analysis.select.curves import with_curves
from analysis.text import SPOKEN, fixed, interval, number

AHEAD = 4.0  # times the largest model: how far a law is drawn
TRAINING_FLOPS = "training FLOPs"


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


@styled
def isoflop_profiles(
    runs: Runs,
    found: IsoFlop,
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
    colours = shades([m.flops for m in found.minima])
    for one, curve in zip(isoflop.by_budget(runs), found.minima):
        colour = colours[curve.flops]
        left.plot(one["n"], one["loss"], "o", color=colour, markersize=4.5)
        mark(
            left,
            one["n"],
            one["loss"],
            (
                f"{number(float(n))} {size}: {label} {number(loss, 4)} at {number(curve.flops)} "
                "FLOPs"
                for n, loss in zip(one["n"], one["loss"])
            ),
        )
        if curve.coefficients is not None:
            x = np.geomspace(one["n"].min(), one["n"].max(), 100)
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
    budgets = np.array([m.flops for m in found.used])
    x = np.geomspace(budgets.min(), budgets.max() * ahead, 100)
    value, low, high = found.n_opt(x)
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
        [m.n for m in found.used],
        (f"{number(m.flops)} FLOPs: {number(m.n)} {size}" for m in found.used),
    )
    budgets_named = [
        (Line2D([], [], color=c, marker="o"), tick(float(f"{flops:.3g}")))
        for flops, c in colours.items()
    ]
    legend(left, {"FLOPs": budgets_named}, loc="best")
    low, high = found.exponent_interval
    right.set_title(
        f"$N_{{opt}} \\propto C^{{{found.exponent:.3f}}}$, 95 % [{low:.3f}, {high:.3f}]",
        loc="left",
        fontsize=9,
        color=GREY,
    )
    say_far(right, holdout.far(ahead, "the largest budget"))
    lost = [f"{m.flops:.3g} FLOPs: {m.why}" for m in found.minima if m.n is None]
    entitle(
        figure,
        "IsoFLOP profiles",
        "Stars: minima, bars two standard errors. Dotted: beyond the budgets fitted, up to "
        f"{ahead:g} times the largest."
        + (f" Without a minimum: {'; '.join(lost)}." if lost else "")
        + f" {len(runs)} runs. {note}",
    )
    return figure


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
    flops = isoflop.flops_of(runs)
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


@styled
def exponent_choices(
    table: pl.DataFrame,
    title: str = "The exponent, by choices that are seldom reported",
    note: str = "",
) -> Figure:
    """A row per choice of ``choices.spread``: its slope and 95 % interval, over the band of the
    reference.

    ``note`` says what the trials share.
    """
    rows = table.filter(pl.col("slope").is_not_null()).to_dicts()
    figure = Figure(figsize=(7.6, 1.4 + 0.34 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    kinds = {row["choice"]: None for row in rows}
    colours = hues(kinds)
    axes.axvspan(rows[0]["low"], rows[0]["high"], color=GREY, alpha=0.13, linewidth=0)
    axes.axvline(rows[0]["slope"], color=GREY, linestyle="--", linewidth=1)
    for y, row in enumerate(rows):
        axes.errorbar(
            row["slope"],
            y,
            xerr=[[row["slope"] - row["low"]], [row["high"] - row["slope"]]],
            marker="o",
            color=colours[row["choice"]],
            capsize=3,
            markersize=6,
        )
    mark(
        axes,
        [row["slope"] for row in rows],
        range(len(rows)),
        (
            f"{_named(row)}: {fixed(row['slope'])} {interval((row['low'], row['high']))}, "
            f"{row['models']} models"
            for row in rows
        ),
    )
    axes.set_yticks(range(len(rows)), map(_named, rows))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("slope of log metric on log axis")
    entitle(
        figure,
        title,
        "Bars and band: 95 %, Student's t over models. Slopes of another metric or axis are of "
        "other "
        f"quantities: where they differ, a report must say which was chosen. {note}",
    )
    return figure


def _named(row: dict) -> str:
    """A choice in words: ``FID on Gflops``, ``metric: KID``, ``without: XL``."""
    choice, setting = (
        row["choice"],
        " ".join(SPOKEN.get(word, word) for word in row["setting"].split(" ")),
    )
    return setting if choice == "reference" else f"{SPOKEN.get(choice, choice)}: {setting}"


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
    found = law.predict(at)
    axes.fill_between(
        g, found.predicted_low, found.predicted_high, color=colour, alpha=0.12, linewidth=0
    )
    axes.plot(g[~beyond], found.value[~beyond], color=colour, linewidth=1.5)
    axes.plot(g[beyond], found.value[beyond], color=colour, linewidth=1.5, linestyle=":")


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
