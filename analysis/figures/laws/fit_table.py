"""What does a law fitted to anyone's table look like? The law with its band over the rows, and what
it leaves of each; the rows that it predicted unseen are open.
"""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.answers.fit_table.kinds import FitReport
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.notes import say_far
from analysis.figures.drawing.style import GREY, INK, entitle, styled
from analysis.figures.laws import isoflop_profiles
from analysis.fits import holdout
from analysis.fits.approaches import budgets
from analysis.text import number

AHEAD = 10.0  # times the largest row: how far a law of one variable is drawn


def drawn(kind: str, report: FitReport) -> Figure:
    """The figure of law ``kind``."""
    return DRAWN[kind](report)


@styled
def law_and_residuals(report: FitReport) -> Figure:
    """Left, what was measured and the law; right, measured over fitted. A law of one variable has
    its 95 % band, to AHEAD times the data; one of several has a tick for each row.
    """
    view, sure = report.view, report.sure
    if view is None:
        raise ValueError("a law of best sizes leaves nothing of each row")
    figure = Figure(figsize=(9.2, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    x, label = _axis(report)
    measured, off = view.values, 100 * np.expm1(-view.residuals)
    unseen = np.isin(view.runs.names, report.audit.held_out if report.audit else ())
    for axes, y in ((left, measured), (right, off)):
        axes.plot(x[~unseen], y[~unseen], "o", color=INK, markersize=4)
        axes.plot(x[unseen], y[unseen], "o", color=INK, markersize=5, markerfacecolor="white")
        log_axis(axes.xaxis)
        mark(
            axes,
            x,
            y,
            (
                f"{name}: {number(float(figure), 4)}, {number(float(away), 2)} % off the law"
                for name, figure, away in zip(view.runs.names, measured, off)
            ),
        )
    if view.axes == ("x",):
        at = np.geomspace(x.min(), AHEAD * x.max(), 200)
        left.plot(at, np.exp(view.log_law(view.estimate, {"x": at})), color=GREY)
        if sure is not None:
            band = sure.predict(lambda p: np.exp(view.log_law(p, {"x": at})))
            left.fill_between(at, band.low, band.high, color=GREY, alpha=0.18, linewidth=0)
        say_far(left, holdout.far(AHEAD, "the largest row"))
    else:
        fitted = np.exp(view.log_law(view.estimate, view.runs.columns))
        left.plot(x, fitted, "_", color=GREY, markersize=9)
    log_axis(left.yaxis)
    left.set(xlabel=label, ylabel="measured, and the law")
    right.axhline(0, color=GREY, linewidth=0.8)
    right.set(xlabel=label, ylabel="measured off the law, %")
    entitle(figure, report.answer["law"], _note(report))
    return figure


@styled
def best_sizes(report: FitReport) -> Figure:
    """The sizes that were best somewhere, and their law with its 95 % band."""
    fitted = report.fitted
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes: Axes = figure.add_subplot()
    at = np.geomspace(fitted.flops.min(), AHEAD * fitted.flops.max(), 100)
    value, low, high = fitted.n_opt(at)
    axes.fill_between(at, low, high, color=GREY, alpha=0.18, linewidth=0)
    axes.plot(at, value, color=GREY)
    axes.plot(fitted.flops, fitted.n, "o", color=INK, markersize=5)
    mark(
        axes,
        fitted.flops,
        fitted.n,
        (
            f"{number(float(n))} is best about {number(float(c))} FLOPs"
            for n, c in zip(fitted.n, fitted.flops)
        ),
    )
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    axes.set(xlabel="training FLOPs", ylabel="size of least loss")
    say_far(axes, holdout.far(AHEAD, "the largest budget"))
    entitle(figure, report.answer["law"], "A point a size, amid the budgets where it is best.")
    return figure


def profiles(report: FitReport) -> Figure:
    """IsoFLOP curves and their minima."""
    return isoflop_profiles(report.runs, report.fitted, "loss", "size")


def _axis(report: FitReport) -> tuple[np.ndarray, str]:
    """Where each row is on the axis (n,), and the axis's name."""
    runs = report.runs
    if "x" in runs.columns:
        return runs["x"], str(report.answer["x"])
    return budgets.flops_of(runs), "training FLOPs"


def _note(report: FitReport) -> str:
    open_ones = "Open: the largest rung, held out in the audit. " if report.audit else ""
    return open_ones + " ".join(f"Beware: {beware.text}." for beware in report.bewares)


DRAWN: Mapping[str, Callable[[FitReport], Figure]] = {
    "approach3": law_and_residuals,
    "isoflop": profiles,
    "envelope": best_sizes,
    "powerlaw": law_and_residuals,
    "saturating": law_and_residuals,
    "bnsl": law_and_residuals,
    "repeats": law_and_residuals,
}
