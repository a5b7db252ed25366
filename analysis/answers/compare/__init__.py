"""How much compute is recipe B worth over recipe A, and does that grow with scale? Two studies of
the same rungs.

The compute multiplier at a rung: how many times B's training FLOPs recipe A would need for B's
figure, along A's own power law over the rungs of that curve. There are two questions, and an error
for each. *For these rungs*: what would the same rungs, trained again, give? Its interval holds the
seeds of both recipes and those of A's law (a contrast of the cell means, linearised; Welch), and
how far A's law bends between its rungs: the scatter of A's rungs about the law beyond what seeds
explain. *For the recipes*: what would other rungs of the same range give? There each rung's own
deviation from the law of its recipe, A's and B's, is luck as well (a random effect): the scatter
of each recipe's rungs about its own line, or their seeds where these scatter more, with
Satterthwaite's degrees of freedom. A rung is told for itself; mean, trend, crossover and verdict
are of the recipes, and the mean for these rungs is told beside. Two rungs know no scatter: they
speak for themselves.

Where rungs have one seed, the seeds of others tell its error, or, where none has two, the scatter
of all rungs about both laws. The trend is the power of training FLOPs with which the multiplier
grows; a crossover is where it passes 1.
"""

from dataclasses import replace

import polars as pl

from analysis.answers.compare.comparison import Comparison, NoSharedRungs
from analysis.answers.compare.multiplier import along_curve
from analysis.answers.contrast import cells_of
from analysis.answers.verdicts import BETTER, CROSSES, OPEN, WORSE
from analysis.frames import Folder, studies, trials_frame
from analysis.select.curves import curve_labels, curve_order, with_curves
from analysis.select.losses import loss_frames
from analysis.select.protocols import one_axis
from analysis.select.recipes import one_recipe
from analysis.select.trials import LOSSES, fit_points
from analysis.text import listed

__all__ = [
    "BETTER",
    "CROSSES",
    "OPEN",
    "WORSE",
    "Comparison",
    "NoSharedRungs",
    "compare",
    "compare_frames",
]
RUNG = ["rung", "series"]  # what the same model of two studies shares


def compare(
    a: Folder, b: Folder, metric: str = "fid", across_protocols: bool = False
) -> list[Comparison]:
    """B against A along each curve of which both trained two rungs or more, the dearest first.

    ValueError where protocols differ (unless ``across_protocols``; of a loss the held-out images
    are the protocol), where losses are of other objectives, where no rungs are shared, or where two
    rungs of one seed tell no error.
    """
    (study_a,), (study_b,) = studies(a), studies(b)
    if metric not in LOSSES:
        return compare_frames(
            trials_frame(study_a), trials_frame(study_b), metric, across_protocols
        )
    frames, note = loss_frames([study_a, study_b], metric)
    first, *more = compare_frames(*frames, metric, across_protocols)
    return [replace(first, note="; ".join(filter(None, (first.note, note)))), *more]


def compare_frames(
    a: pl.DataFrame, b: pl.DataFrame, metric: str = "fid", across_protocols: bool = False
) -> list[Comparison]:
    """The same of two trials frames."""
    points = [fit_points(trials, metric) for trials in (a, b)]
    for own in points:
        one_recipe(own)
    protocols = tuple(
        one_axis(
            pl.concat(points, how="diagonal_relaxed"),
            across_protocols,
            "compare them only with across_protocols=True (--across-protocols)",
        ).values()
    )
    points = [called(frame) for frame in points]
    rungs = [cells_of(frame, RUNG, metric) for frame in points]
    shared = rungs[0].join(rungs[1], on=RUNG, how="semi", nulls_equal=True)
    shared = shared.sort("train_flops")
    comparisons = []
    for curve in reversed(curve_order(shared)):
        mine = shared.filter(pl.col("curve") == curve)
        if len(mine) > 1:
            theirs = mine.select(RUNG).join(
                rungs[1], on=RUNG, how="left", maintain_order="left", nulls_equal=True
            )
            compared = along_curve(metric, curve, mine, theirs)
            left_out = "" if comparisons else _unshared(points)
            note = "; ".join(filter(None, (compared.note, left_out)))
            comparisons.append(replace(compared, protocols=protocols, note=note))
    if not comparisons:
        names = [", ".join(sorted(set(own["called"]))) for own in points]
        head, _ = curve_labels(points[0])
        raise NoSharedRungs(
            f"no {head.lower()} has two sizes that both studies completed (A: {names[0]}; B: "
            f"{names[1]}); run the same rungs"
        )
    return comparisons


def called(points: pl.DataFrame) -> pl.DataFrame:
    """``points`` with their ``curve``, and ``called``: the rung with the curve's label, ``S/2``."""
    points = with_curves(points)
    _, labels = curve_labels(points)
    label = pl.col("curve").replace_strict(labels, return_dtype=pl.String)
    named = (
        pl.when(pl.col("series").is_null())
        .then("rung")
        .otherwise(pl.concat_str("rung", label, separator="/"))
    )
    return points.with_columns(called=named)


def _unshared(points: list[pl.DataFrame]) -> str:
    """The rungs that one study alone completed, which are in no law and no multiplier here."""
    each = [dict.fromkeys(own["called"]) for own in points]
    alone = [[rung for rung in own if rung not in other] for own, other in zip(each, each[::-1])]
    named = [
        f"{name} alone completed {listed(rungs, range(len(rungs)))}"
        for name, rungs in zip("AB", alone)
        if rungs
    ]
    return f"left out: {', '.join(named)}" if named else ""
