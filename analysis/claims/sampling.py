"""Can sampling compute make up for model compute, and which model wins at equal sampling cost?"""

import itertools
from dataclasses import replace

import numpy as np
import polars as pl

from analysis.answers.contrast import EFFECT, Part, cells_of, difference, of_trainings
from analysis.claims.claim import Judgement, Records, judge
from analysis.select.curves import rung_order, with_curves

COSTS = 9  # places of a common range of sampling costs, even in the logarithm


def model_compute_wins(records: Records) -> Judgement:
    """A part per pair of neighbouring sizes of a patch: the larger, at no more sampling compute,
    against the smaller at its dearest.
    """
    points = records.main.sampling_points
    cells = cells_of(points, ("model", "sampling_steps")).sort("sampling_gmacs")
    parts: list[Part] = []
    for small, large in _pairs(points):
        dearest = cells.filter(pl.col("model") == small).row(-1, named=True)
        cheaper = cells.filter(
            (pl.col("model") == large) & (pl.col("sampling_gmacs") <= dearest["sampling_gmacs"])
        )
        if len(cheaper):
            chosen = cheaper.row(-1, named=True)
            parts.append(
                difference(
                    chosen,
                    dearest,
                    f"{large}, {chosen['sampling_steps']} steps against {small}, "
                    f"{dearest['sampling_steps']} steps",
                    records.noise,
                )
            )
    if not parts:
        raise ValueError(
            "no larger model was sampled with as little compute as a smaller one of its patch at "
            "its dearest; "
            "sample the smaller in more steps"
        )
    return judge(parts)


def smaller_wins_at_equal_cost(records: Records) -> Judgement:
    """The mean over pairs of neighbouring sizes of a patch, each averaged over the sampling costs
    that both cover.
    """
    points = records.main.sampling_points.sort("sampling_gmacs")
    each: dict[str, pl.DataFrame] = {}
    for small, large in _pairs(points):
        smaller, larger = (points.filter(pl.col("model") == model) for model in (small, large))
        costs = _common_costs(smaller, larger)
        if costs is not None:
            each[f"{small} against {large}"] = pl.concat(
                [_read(smaller, costs, 1.0), _read(larger, costs, -1.0)]
            )
    if not each:
        raise ValueError(
            "no two sizes of a patch were sampled over a common range of sampling cost; sample "
            "each in two "
            "numbers of steps or more, so that their costs overlap"
        )
    name = f"{len(each)} pairs" if len(each) > 1 else next(iter(each))
    judged = judge([of_trainings(name, *each.values())])
    return replace(judged, parts=tuple(of_trainings(of, pair) for of, pair in each.items()))


def _pairs(points: pl.DataFrame) -> list[tuple[str, str]]:
    """Neighbouring rungs of each curve, as models: the smaller, the larger."""
    order, pairs = rung_order(points), []
    for _, rows in with_curves(points).group_by("curve", maintain_order=True):
        at_rung = dict(rows.select("rung", "model").unique(maintain_order=True).rows())
        pairs += itertools.pairwise([at_rung[rung] for rung in order if rung in at_rung])
    return pairs


def _common_costs(*sampled: pl.DataFrame) -> np.ndarray | None:
    """COSTS sampling costs that every training of ``sampled`` covers, even in the logarithm; None
    where there are none.
    """
    ends = pl.concat(
        points.group_by("model", "seed").agg(
            low=pl.col("sampling_gmacs").min(), high=pl.col("sampling_gmacs").max()
        )
        for points in sampled
    )
    low, high = ends["low"].max(), ends["high"].min()
    return np.geomspace(low, high, COSTS) if low <= high else None


def _read(sampled: pl.DataFrame, costs: np.ndarray, sign: float) -> pl.DataFrame:
    """Of each training ``sign`` times its mean log FID over ``costs``: an effect of
    ``of_trainings``.
    """
    rows = []
    for (model, seed), curve in sampled.group_by("model", "seed", maintain_order=True):
        there = np.interp(np.log(costs), curve["sampling_gmacs"].log(), curve["fid"].log())
        rows.append((model, seed, curve["trial_id"][0], sign * float(there.mean())))
    return pl.DataFrame(rows, schema=EFFECT, orient="row")
