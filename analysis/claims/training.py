"""Do larger models use training compute more efficiently? Two sizes are compared at the training
FLOPs that the smaller one spent.
"""

import itertools

import numpy as np
import polars as pl

from analysis.answers.contrast import over_seeds, two_seeds
from analysis.claims.claim import Judgement, Records, judge
from analysis.fits.approaches.budgets import SAME_LENGTH
from analysis.select.curves import rung_order, with_curves


def larger_is_efficient(records: Records) -> Judgement:
    """A part per curve, the mean over pairs of neighbouring rungs; a single pair may refute.

    Of a pair: log FID of the larger where it has spent the training FLOPs of the smaller one's last
    checkpoint, between its own checkpoints on a line in log FID and log FLOPs, minus log FID of the
    smaller one there.
    """
    rows = with_curves(records.answers.selection.training_checkpoints)
    rungs, parts, pairs, short, single = rung_order(rows), [], [], [], {}
    for (curve,), trained in rows.group_by("curve", maintain_order=True):
        at_curve: list[dict[int, float]] = []
        used: list[str] = []
        here = [rung for rung in rungs if rung in set(trained["rung"])]
        for small, large in itertools.pairwise(here):
            differences, ids = _at_equal_flops(
                trained.filter(pl.col("rung") == small), trained.filter(pl.col("rung") == large)
            )
            name = f"{curve}: {large} against {small}"
            if len(differences) == 1:
                single[name] = (differences, ids)
                continue
            if not differences:
                short.append(name)
                continue
            pairs.append(over_seeds(name, differences, ids))
            at_curve.append(differences)
            used += ids
        shared, ids = (
            set.intersection(*map(set, at_curve)) if at_curve else set(),
            list(dict.fromkeys(used)),
        )
        if len(shared) > 1:
            means = {seed: float(np.mean([pair[seed] for pair in at_curve])) for seed in shared}
            parts.append(over_seeds(curve, means, ids))
        elif at_curve:
            single[f"{curve}, all pairs"] = shared, ids
    if not parts:
        for name, (differences, ids) in single.items():
            two_seeds(name, list(differences), ids)
    if not parts:
        raise ValueError(
            "no two sizes of a curve were evaluated at the same training FLOPs: "
            + (
                f"{short[0]}, where the larger has no checkpoint as cheap; evaluate it earlier"
                if short
                else "a second size at some patch is needed"
            )
        )
    notes = [f"no checkpoint as cheap, not judged: {'; '.join(short)}"] if short else []
    notes += [f"fewer than two seeds in common, not judged: {'; '.join(single)}"] if single else []
    return judge(sorted(parts, key=lambda part: part.of), pairs, note="; ".join(notes))


def _at_equal_flops(small: pl.DataFrame, large: pl.DataFrame) -> tuple[dict[int, float], list[str]]:
    """Of each seed that both have: log FID of ``large`` minus that of ``small`` at the end of
    ``small``; trial ids.

    An end within SAME_LENGTH of the other's is at equal FLOPs: lengths that spend one budget are
    rounded to whole steps.
    """
    differences, ids = {}, []
    ends = {seed: curve for (seed,), curve in small.group_by("seed")}
    for (seed,), curve in large.group_by("seed", maintain_order=True):
        end = ends.get(seed)
        if end is None:
            continue
        spent = end["train_flops"][-1]
        if curve["train_flops"][0] / SAME_LENGTH <= spent <= curve["train_flops"][-1] * SAME_LENGTH:
            there = np.interp(np.log(spent), curve["train_flops"].log(), curve["value"].log())
            differences[seed] = float(there - np.log(end["value"][-1]))
            ids += [end["trial_id"][0], curve["trial_id"][0]]
    return differences, ids
