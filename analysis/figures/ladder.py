"""What does each change of a recipe do to a metric, and what is it worth in compute?"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.answers.compare.ladder import Step, factor
from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.style import GREY, INK, entitle, hues, styled
from analysis.text import SPOKEN, number

# factors to which an interval is drawn either way: there it ends in an arrow
FARTHEST = {"change": 10.0, "worth": 100.0}
WORDS = 34  # of a step's name beside its line


@styled
def change_by_step(steps: list[Step], metric: str = "fid", note: str = "") -> Figure:
    """Of each step, first on top, the factor of ``metric`` at equal sizes against the step before,
    and the compute multiplier over it, with 95 % intervals; grey where these hold 1.
    """
    spoken = SPOKEN.get(metric, metric)
    figure = Figure(figsize=(9.2, 1.9 + 0.34 * len(steps)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    changes = {step.name: factor(step.change) for step in steps}
    worths = {step.name: factor(step.over_previous) for step in steps}
    _dots(left, changes, f"{spoken} times", FARTHEST["change"])
    _dots(right, worths, "compute worth", FARTHEST["worth"])
    left.set(xlabel=f"{spoken} at equal sizes, times the step before's")
    right.set(xlabel="compute worth over the step before")
    left.set_yticks(range(len(steps)), [_short(step.name) for step in steps])
    left.set_ylim(len(steps) - 0.4, -0.6)
    entitle(
        figure,
        "What each change of the recipe does",
        f"Left of 1 {spoken} falls; right of 1 a change saves compute. Bars: 95 %, grey where they "
        f"hold 1; an arrow: they reach farther. {note}",
    )
    return figure


def _dots(
    axes: Axes, factors: dict[str, tuple[float, float, float] | str], what: str, farthest: float
) -> None:
    (colour,) = hues(["step"]).values()
    axes.axvline(1, color=INK, linewidth=0.9)
    axes.set_xscale("log")
    axes.set_xlim(1 / farthest, farthest)
    for row, (name, told) in enumerate(factors.items()):
        if isinstance(told, str):
            axes.text(1.1, row, "not compared", va="center", fontsize=8, color=GREY)
            continue
        value, low, high = told
        at, left, right = (max(1 / farthest, min(farthest, end)) for end in told)
        of = GREY if low <= 1 <= high else colour
        axes.plot([left, right], [row, row], color=of, linewidth=1.6, solid_capstyle="butt")
        axes.plot([at], [row], "o", color=of, markersize=6, clip_on=False)
        arrows = [("<", left)] * (left > low) + [(">", right)] * (right < high)
        for sign, end in arrows:
            axes.plot([end], [row], sign, color=of, markersize=6, clip_on=False)
        text = f"{name}: {what} {number(value)} [{number(low, 2)}, {number(high, 2)}]"
        mark(axes, [at], [row], [text])
    log_axis(axes.xaxis)


def _short(name: str) -> str:
    return name if len(name) <= WORDS else name[: WORDS - 1].rsplit(",", 1)[0] + ", …"
