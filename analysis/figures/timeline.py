"""What ran when, on how many places? A bar for each stretch of training and each evaluation."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.style import GREY, INK, entitle, hues, legend, styled
from analysis.text import count, number
from scaling.records.spending.compared import Compared
from scaling.records.spending.spans import Span

KINDS = ("training", "evaluation", "lost or stopped")
IDLE_S, IDLE_SHARE = 60.0, 0.1  # a pause longer than both, the second of the work, is cut out
HEIGHT = 0.62  # of a bar, in rows
VECTORS = 400  # bars up to which they are shapes with texts; more are one image
ROUNDED_S = 2.0  # records hold whole seconds, of a begin and of an end
UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


@styled
def work_by_place(spans: Sequence[Span], hours: Sequence[Compared] = ()) -> Figure:
    """A row per place that was used at once, over wall time without the pauses between sweeps. What
    was forecast of a training, by ``hours``, is a line from where it began. ValueError where
    nothing ran.
    """
    if not spans:
        raise ValueError("nothing has run yet")
    cuts = pauses(spans)
    at = lambda moment: moment - spans[0].began - skipped(cuts, moment)  # noqa: E731
    end = at(max(span.ended for span in spans))
    unit, called = next(((s, name) for s, name in UNITS if end >= 2 * s), UNITS[-1])
    rows = places(spans)
    lanes = 1 + max(rows)
    figure = Figure(figsize=(9.2, min(6.0, 1.9 + 0.32 * lanes)), layout="constrained")
    axes, colours = figure.subplots(), dict(zip(KINDS, hues(range(4)).values()))
    colours["lost or stopped"] = GREY
    kind_of = [kind(span) for span in spans]
    for name in KINDS:
        bars = [
            Path.unit_rectangle().transformed(
                Affine2D()
                .scale(span.seconds / unit, HEIGHT)
                .translate(at(span.began) / unit, row - HEIGHT / 2)
            )
            for row, span, its in zip(rows, spans, kind_of)
            if its == name
        ]
        if bars:  # as one shape, a tenth of the bytes
            axes.add_patch(
                PathPatch(
                    Path.make_compound_path(*bars),
                    facecolor=colours[name],
                    edgecolor="white",
                    linewidth=0.2,
                    rasterized=len(spans) > VECTORS,
                )
            )
    told = forecasts(spans, rows, hours)
    for row, began, seconds in told:
        x = at(began) / unit
        axes.plot([x, x + seconds / unit], [row + 0.4] * 2, color=INK, linewidth=1.2)
    for _, after in cuts:
        axes.axvline(at(after) / unit, color=GREY, linewidth=1, linestyle="--")
    if len(spans) <= VECTORS:
        middles = [(at(span.began) + span.seconds / 2) / unit for span in spans]
        mark(axes, middles, rows, map(words, spans))
    axes.set_yticks(range(lanes), [str(row + 1) for row in range(lanes)])
    axes.set_ylim(lanes - 0.3, -0.7)
    axes.set_xlim(0, 1.01 * max(end, 1e-9) / unit)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(f"{called} since the first training began")
    axes.set_ylabel("place")
    there = [name for name in KINDS if name in kind_of]
    handles = [(Patch(color=colours[name]), name) for name in there]
    if told:
        handles.append((Line2D([], [], color=INK, linewidth=1.2), "training as forecast"))
    legend(figure, {"A bar": handles}, loc="outside right upper")
    entitle(figure, "What ran when", note_of(spans, cuts, rows, end))
    return figure


def note_of(
    spans: Sequence[Span], cuts: list[tuple[float, float]], rows: list[int], end: float
) -> str:
    """What is drawn, how busy the places were, and what was cut out."""
    busy = sum(span.seconds for span in spans) / ((1 + max(rows)) * end) if end else 1.0
    trainings = len({span.train_id for span in spans})
    evaluations = sum(span.step is not None for span in spans)
    parts = [
        f"{count(trainings, 'training')} and {count(evaluations, 'evaluation')}, a row for each "
        f"place that was used at once; places were busy {min(1.0, busy):.0%} of the time"
    ]
    if cuts:
        idle = sum(after - before for before, after in cuts)
        parts.append(
            f"dashed: {count(len(cuts), 'pause')} of {number(idle / 3600)} hours in all, in which "
            "nothing ran, cut out"
        )
    return "; ".join(parts) + "."


def kind(span: Span) -> str:
    if span.step is not None:
        return "evaluation"
    return "lost or stopped" if span.how else "training"


def words(span: Span) -> str:
    """What a page shows of a bar."""
    did = "training" if span.step is None else f"evaluation at step {number(span.step)}"
    return f"{span.trial_id}, {did}: {number(span.seconds)} s" + (
        f" ({span.how})" if span.how else ""
    )


def places(spans: Sequence[Span]) -> list[int]:
    """The row of each of ``spans``, which are in the order of their begins: the first that is free.
    Records tell when something ran, and not on which place.
    """
    free: list[float] = []
    rows = []
    for span in spans:
        row = next(
            (i for i, since in enumerate(free) if since <= span.began + ROUNDED_S), len(free)
        )
        free[row:] = [span.ended, *free[row + 1 :]]
        rows.append(row)
    return rows


def pauses(spans: Sequence[Span]) -> list[tuple[float, float]]:
    """The stretches in which nothing ran that are long beside the work."""
    gaps, seen, work = [], spans[0].began, 0.0
    for span in spans:
        if span.began > seen:
            gaps.append((seen, span.began))
        work += max(0.0, span.ended - max(seen, span.began))
        seen = max(seen, span.ended)
    least = max(IDLE_S, IDLE_SHARE * work)
    return [(before, after) for before, after in gaps if after - before > least]


def skipped(cuts: Sequence[tuple[float, float]], moment: float) -> float:
    """Seconds of the pauses before ``moment``."""
    return sum(after - before for before, after in cuts if after <= moment)


def forecasts(
    spans: Sequence[Span], rows: Sequence[int], hours: Sequence[Compared]
) -> list[tuple[int, float, float]]:
    """Row, begin and seconds that were forecast, of each training that ran in one go, on one
    device.
    """
    told = {row.train_id: row.train_gpu_hours_forecast for row in hours if row.completed}
    trained = [i for i, span in enumerate(spans) if span.step is None]
    each = [spans[i].train_id for i in trained]
    return [
        (rows[i], spans[i].began, 3600.0 * seconds)
        for i in trained
        if each.count(spans[i].train_id) == 1 and (seconds := told.get(spans[i].train_id))
    ]
