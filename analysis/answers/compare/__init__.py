"""How much compute is recipe B worth over recipe A, and does that grow with scale? Two studies of
the same rungs.

The compute multiplier at a rung: how many times B's training FLOPs recipe A would need for B's
figure, along A's own power law over the sizes of that patch. Its interval holds the seeds of both
recipes and those of A's law (a contrast of the cell means, linearised; Welch), and how far A's law
bends between its rungs: the scatter of A's rungs about the law beyond what seeds explain. Where
rungs have one seed, the seeds of others tell its error, or, where none has two, the scatter of all
rungs about both laws. The trend is the power of training FLOPs with which the multiplier grows; a
crossover is where it passes 1.
"""

from dataclasses import replace

import polars as pl

from analysis.answers.compare.comparison import Comparison
from analysis.answers.compare.multiplier import at_patch
from analysis.answers.contrast import cells_of
from analysis.answers.verdicts import BETTER, CROSSES, OPEN, WORSE
from analysis.frames import Folder, studies, trials_frame
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
    "compare",
    "compare_frames",
]


def compare(
    a: Folder, b: Folder, metric: str = "fid", across_protocols: bool = False
) -> list[Comparison]:
    """B against A at each patch that both trained at two sizes or more.

    ValueError where protocols differ (unless ``across_protocols``; of a loss the held-out images
    are the protocol), where losses are of other objectives, where no rungs are shared, or where two
    rungs of one seed tell no error.
    """
    (one,), (other,) = studies(a), studies(b)
    if metric not in LOSSES:
        return compare_frames(trials_frame(one), trials_frame(other), metric, across_protocols)
    frames, note = loss_frames([one, other], metric)
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
    rungs = [cells_of(frame, ("size", "patch"), metric) for frame in points]
    shared = rungs[0].join(rungs[1], on=["size", "patch"], how="semi").sort("patch", "train_flops")
    found = []
    for (patch,), mine in shared.group_by("patch", maintain_order=True):
        if len(mine) > 1:
            theirs = mine.select("size", "patch").join(
                rungs[1], on=["size", "patch"], how="left", maintain_order="left"
            )
            one = at_patch(metric, patch, mine, theirs)
            note = "; ".join(filter(None, (one.note, "" if found else _unshared(points))))
            found.append(replace(one, protocols=protocols, note=note))
    if not found:
        names = [
            ", ".join(sorted({f"{s}/{p}" for s, p in r.select("size", "patch").rows()}))
            for r in rungs
        ]
        raise ValueError(
            f"no patch has two sizes that both studies completed (A: {names[0]}; B: {names[1]}); "
            "run the same rungs"
        )
    return found


def _unshared(points: list[pl.DataFrame]) -> str:
    """The rungs that one study alone completed, which are in no law and no multiplier here."""
    each = [
        dict.fromkeys(f"{size}/{patch}" for size, patch in own.select("size", "patch").rows())
        for own in points
    ]
    alone = [[rung for rung in own if rung not in other] for own, other in zip(each, each[::-1])]
    named = [
        f"{name} alone completed {listed(rungs, range(len(rungs)))}"
        for name, rungs in zip("AB", alone)
        if rungs
    ]
    return f"left out: {', '.join(named)}" if named else ""
