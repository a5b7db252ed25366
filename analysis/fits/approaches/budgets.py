"""Which runs spent one budget of training FLOPs, and what would each have lost at exactly that?"""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.interpolate import make_interp_spline

from analysis.fits.points import Runs
from analysis.text import listed

SAME_BUDGET = 1.25  # runs within this factor of each other's FLOPs are of one budget
ONE_CONVENTION = 3.0  # of runs of one budget: their largest 6ND over their least
SAME_LENGTH = 1.02  # runs of a size within it are repeats


def flops_of(runs: Runs) -> np.ndarray:
    """The exact training FLOPs of each run where the table has them, else 6ND (n,)."""
    return runs["flops"] if "flops" in runs.columns else 6 * runs["n"] * runs["d"]


def same_budget(flops: np.ndarray) -> list[list[int]]:
    """Which of ``flops`` (n,) are of one budget, within SAME_BUDGET of its least: places, least
    budget and FLOPs first.
    """
    order = np.argsort(flops, kind="stable").tolist()
    groups: list[list[int]] = []
    for i in order:
        if not groups or flops[i] > SAME_BUDGET * flops[groups[-1][0]]:
            groups.append([])
        groups[-1].append(i)
    return groups


def by_budget(runs: Runs) -> list[Runs]:
    """The runs of each budget, least FLOPs first. Without a column of FLOPs groups that another
    way of counting would make one budget are one (``brought_together``). ValueError where no budget
    has two models.
    """
    flops = flops_of(runs)
    groups = same_budget(flops)
    if "flops" not in runs.columns:
        groups = brought_together(groups, flops, runs["n"])
    if all(len(np.unique(runs["n"][group])) == 1 for group in groups):
        raise ValueError(
            f"every budget has one model size, as {listed(runs.names, groups[0])} at "
            f"{flops[groups[0][0]]:.3g} FLOPs: isoFLOP compares sizes at one budget; train more "
            "sizes at each, "
            f"within {SAME_BUDGET:g} of the same FLOPs"
        )
    return [runs.take(np.sort(group)) for group in groups]


def brought_together(groups: list[list[int]], flops: np.ndarray, n: np.ndarray) -> list[list[int]]:
    """``groups`` of ``same_budget`` by 6ND, those of one budget in another convention as one.

    A recipe that spends one budget by exact FLOPs has another 6ND at each size: attention, heads
    and embeddings are other shares of small models. Its sizes then fall into several groups, none
    of them in two, which lie closer to each other than to the next budget, and within
    ONE_CONVENTION. The closest are joined first.
    """
    joined = [list(group) for group in groups]
    while (first := _closest(joined, flops, n)) is not None:
        joined[first : first + 2] = [joined[first] + joined[first + 1]]
    return joined


def _closest(groups: list[list[int]], flops: np.ndarray, n: np.ndarray) -> int | None:
    """The first of the two neighbours that lie closest to each other among those that may be one
    budget; None where no two may.
    """
    log = np.log(flops)
    ends = [(log[group].min(), log[group].max()) for group in groups]
    gaps = [after[0] - before[1] for before, after in itertools.pairwise(ends)]
    may = [
        i
        for i, gap in enumerate(gaps)
        if ends[i + 1][1] - ends[i][0] <= math.log(ONE_CONVENTION)
        and not np.intersect1d(n[groups[i]], n[groups[i + 1]]).size
        and gap < min([*gaps[max(i - 1, 0) : i], *gaps[i + 1 : i + 2]], default=math.inf)
    ]
    return min(may, key=gaps.__getitem__) if may else None


def at_budget(group: Runs, runs: Runs) -> Runs:
    """``group``, runs of one budget, with the losses they would have at its very FLOPs, their
    geometric mean.

    Each moves along the curve of its own size among all ``runs``, straight between lengths on log
    axes: runs spent a few per cent more or less, and a size's loss falls by as much in that as it
    differs between sizes. A size of one length stays.
    """
    at = np.log(flops_of(group)).mean()
    moved = np.log(group["loss"])
    for n in np.unique(group["n"]):
        own, mine = runs.take(np.flatnonzero(runs["n"] == n)), group["n"] == n
        curve = _curve(np.log(flops_of(own)), np.log(own["loss"]))
        moved[mine] += curve(np.full(mine.sum(), at)) - curve(np.log(flops_of(group))[mine])
    return replace(group, columns=group.columns | {"loss": np.exp(moved)})


def _curve(log_c: np.ndarray, log_loss: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Straight between lengths, and on beyond the first and the last; constant where there is
    one.
    """
    order = np.argsort(log_c, kind="stable")
    knots: list[list[int]] = []
    for i in order:
        if not knots or log_c[i] - log_c[knots[-1][0]] > np.log(SAME_LENGTH):
            knots.append([])
        knots[-1].append(i)
    x, y = (np.array([values[knot].mean() for knot in knots]) for values in (log_c, log_loss))
    if len(x) == 1:
        return lambda at: np.full(len(at), y[0])
    return make_interp_spline(x, y, k=1)
