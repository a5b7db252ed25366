"""Of the ways in which one recipe's models grow, such as depth alone and width alone, which has the
lower FID at equal Gflops?

A way is the models that differ from the cheapest one in the same of what a rung's name tells
(``d6w24``: depth and width). Ways share no rung but the first, and seldom a cost, so a model of one
is set beside the line between the two models of the other that cost less and more, on logarithms;
what it is of their means, and their seeds' errors, are known.
"""

import re
from collections import defaultdict

import numpy as np
import polars as pl

from analysis.answers.compare.matched import LEAST_TREND, Matched, Pair, contrast_of
from analysis.answers.contrast import cells_of
from analysis.answers.slopes import GFLOPS
from analysis.answers.study import Answers
from analysis.fits.linear import slope_weights
from analysis.frames import Folder, studies, trials_frame
from analysis.select.selection import Selection
from analysis.select.trials import check_metric_name

SPOKEN = {"d": "depth", "w": "width"}
LEAST_MODELS = 2  # beside the cheapest: a last rung that is deeper, too, makes no way
PART = re.compile(r"([a-z]+)(\d+(?:\.\d+)?)")


def ways_within(answers: Answers, metric: str = "fid") -> list[Matched]:
    """Each way beside those of more models, per curve; none where a study has several recipes, or
    models that grow in one way alone.
    """
    if len(answers.by_recipe) != 1:
        return []
    (own,) = answers.by_recipe.values()
    try:
        points = own.selection.points(metric)
    except ValueError:  # nothing measured: of ways nothing is told
        return []
    curves = points.partition_by("series", maintain_order=True) if len(points) else []
    return [found for curve in curves for found in ways(curve, metric)]


def study_ways(folder: Folder, metric: str = "fid") -> list[Matched]:
    """The same of a study's records."""
    check_metric_name(metric)
    (study,) = studies(folder)
    return ways_within(Answers(Selection(trials_frame(study))), metric)


def ways(points: pl.DataFrame, metric: str = "fid") -> list[Matched]:
    """Of selected rows of one recipe and one curve."""
    cells = cells_of(points, metric=metric).sort(GFLOPS, "model")
    grown = _grown(cells)
    lines = sorted(grown.items(), key=lambda way: (-len(way[0]), -len(way[1])))
    found = []
    for i, (a, of_a) in enumerate(lines):
        for b, of_b in lines[i + 1 :]:
            compared = _beside(cells, [0, *of_a], of_b)
            if compared is not None:
                found.append(Matched(metric, _words(a), _words(b), *compared))
    return found


def _grown(cells: pl.DataFrame) -> dict[tuple[str, ...], list[int]]:
    """Places of the models of each way, by what is not the cheapest model's."""
    told = [dict(PART.findall(rung)) for rung in cells["rung"]]
    grown = defaultdict(list)
    for i, fields in enumerate(told[1:], 1):
        if fields and fields.keys() == told[0].keys():
            grown[tuple(name for name in fields if fields[name] != told[0][name])].append(i)
    return {way: models for way, models in grown.items() if len(models) >= LEAST_MODELS}


def _words(way: tuple[str, ...]) -> str:
    named = " and ".join(SPOKEN.get(name, name) for name in way)
    return f"{named} together" if len(way) > 1 else f"{named} alone"


def _beside(cells: pl.DataFrame, line: list[int], models: list[int]):
    """Pairs, mean and trend of ``models`` against the line through ``line``; None where none is
    inside it.
    """
    x, mean = np.log(cells[GFLOPS].to_numpy()), cells["mean"].to_numpy()
    pairs, gains = [], []
    for model in models:
        above = next((i for i, at in enumerate(line) if x[at] >= x[model]), 0)
        if above == 0:  # dearer than all of the line
            continue
        low, high = line[above - 1], line[above]
        share = (x[model] - x[low]) / (x[high] - x[low])
        gain = np.zeros(len(x))
        gain[[low, high, model]] = share - 1, -share, 1
        named = cells["model"][model]
        between = f"the line from {cells['model'][low]} to {cells['model'][high]}"
        cost, part = float(np.exp(x[model])), contrast_of(named, cells, gain)
        pairs.append(Pair(between, named, cost, 0.0, float(gain @ mean), part))
        gains.append(gain)
    if not pairs:
        return None
    each = np.array(gains)
    costs = np.log([pair.forward_gmacs for pair in pairs])
    trend = (
        contrast_of("trend", cells, slope_weights(costs) @ each)
        if len(pairs) >= LEAST_TREND
        else None
    )
    return tuple(pairs), contrast_of("all pairs", cells, each.mean(0)), trend
