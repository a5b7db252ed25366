"""Did trainings and their evaluations take what was forecast? GPU-hours against GPU-hours."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.log_axis import log_axis
from analysis.figures.drawing.style import GREY, entitle, hues, legend, styled
from analysis.text import number
from scaling.records.spending.compared import Compared, finished, total

# What is compared, and where a training's row holds what it took and what was forecast of it.
PARTS = {
    "training": ("train_gpu_hours", "train_gpu_hours_forecast"),
    "measuring": ("measure_gpu_hours", "measure_gpu_hours_forecast"),
}
MARKS = {"training": "o", "measuring": "s"}


@styled
def taken_vs_forecast(rows: Sequence[Compared]) -> Figure:
    """GPU-hours of completed trainings against those that were forecast, training and measuring
    apart; on the line both are equal. ValueError where no completed training was forecast.
    """
    found = total(rows)
    if found is None or found.worst.ratio is None:
        raise ValueError("no completed training was forecast")
    figure = Figure(figsize=(6.2, 4.8), layout="constrained")
    axes, colours = figure.subplots(), hues(list(PARTS))
    drawn: list[float] = []
    for part, (took_name, told_name) in PARTS.items():
        points = [
            (told, took, row)
            for row in finished(rows)
            if (told := getattr(row, told_name)) and (took := getattr(row, took_name))
        ]
        if not points:
            continue
        told, took, _ = zip(*points)
        drawn += [*told, *took]
        axes.plot(told, took, MARKS[part], color=colours[part], markersize=5, alpha=0.8)
        mark(
            axes,
            told,
            took,
            (
                f"{row.trial_id}, {part}: {number(y)} GPU-hours, forecast {number(x)}"
                for x, y, row in points
            ),
        )
    ends = (0.7 * min(drawn), 1.4 * max(drawn))
    axes.plot(ends, ends, color=GREY, linewidth=1, zorder=0)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    for axis in (axes.xaxis, axes.yaxis):
        log_axis(axis)
    axes.set_xlabel("GPU-hours forecast")
    axes.set_ylabel("GPU-hours taken")
    legend(
        axes,
        {
            "Of": [
                (Line2D([], [], color=colours[part], marker=MARKS[part], linestyle="none"), part)
                for part in PARTS
            ]
        },
        loc="best",
    )
    entitle(
        figure,
        "GPU-hours taken against those forecast",
        f"A point a completed training, of {found.trainings}; the line: as forecast, by "
        f"{' and '.join(found.basis)}. In total {found.ratio:.2f} times as much, at worst "
        f"{found.worst.ratio:.2f} times ({found.worst.trial_id}).",
    )
    return figure
