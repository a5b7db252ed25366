"""Can sampling compute make up for model compute, and which model wins at equal sampling cost?"""

import itertools
from dataclasses import replace

import numpy as np
import polars as pl

from analysis.answers.contrast import Part, cells_of, difference, over_seeds
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
    points = records.main.sampling_points
    each: list[dict[int, float]] = []
    named: list[str] = []
    for small, large in _pairs(points):
        curves = {
            model: _curves(points.filter(pl.col("model") == model)) for model in (small, large)
        }
        differences = {
            seed: value
            for seed in curves[small].keys() & curves[large].keys()
            if (value := _at_equal_cost(curves[small][seed], curves[large][seed])) is not None
        }
        if differences:
            each.append(differences)
            named.append(f"{small} against {large}")
    if not each:
        raise ValueError(
            "no two sizes of a patch were sampled over a common range of sampling cost; sample "
            "each in two "
            "numbers of steps or more, so that their costs overlap"
        )
    seeds = sorted(set.intersection(*map(set, each)))
    ids = points.filter(pl.col("seed").is_in(seeds))["trial_id"].to_list()
    whole = over_seeds(
        f"{len(each)} pairs" if len(each) > 1 else named[0],
        {seed: float(np.mean([pair[seed] for pair in each])) for seed in seeds},
        ids,
    )
    judged = judge([whole])
    parts = [over_seeds(name, pair, ids) for name, pair in zip(named, each)]
    return replace(judged, parts=tuple(parts))


def _pairs(points: pl.DataFrame) -> list[tuple[str, str]]:
    """Neighbouring rungs of each curve, as models: the smaller, the larger."""
    order, pairs = rung_order(points), []
    for _, rows in with_curves(points).group_by("curve", maintain_order=True):
        at_rung = dict(rows.select("rung", "model").unique(maintain_order=True).rows())
        pairs += itertools.pairwise([at_rung[rung] for rung in order if rung in at_rung])
    return pairs


def _curves(points: pl.DataFrame) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Per seed: log sampling cost and log FID, cheapest first."""
    return {
        seed: (rows["sampling_gmacs"].log().to_numpy(), rows["fid"].log().to_numpy())
        for (seed,), rows in points.sort("sampling_gmacs").group_by("seed")
    }


def _at_equal_cost(
    small: tuple[np.ndarray, np.ndarray], large: tuple[np.ndarray, np.ndarray]
) -> float | None:
    """log FID of ``small`` minus that of ``large``, averaged over their common range of cost; None
    where there is none.
    """
    low, high = max(small[0][0], large[0][0]), min(small[0][-1], large[0][-1])
    if low > high:
        return None
    costs = np.linspace(low, high, COSTS)
    return float(np.mean(np.interp(costs, *small) - np.interp(costs, *large)))
