"""Do larger models use training compute more efficiently? Two sizes at the training FLOPs that the
smaller one spent.
"""

import itertools

import numpy as np
import polars as pl

from analysis.answers.contrast import over_seeds, two_seeds
from analysis.answers.grid_steps import size_order
from analysis.claims.claim import Judgement, Records, judge
from analysis.fits.isoflop import SAME_LENGTH


def larger_is_efficient(records: Records) -> Judgement:
    """A part per patch, the mean over pairs of neighbouring sizes; a single pair may refute.

    Of a pair: log FID of the larger where it has spent the training FLOPs of the smaller one's last
    checkpoint, between its own checkpoints on a line in log FID and log FLOPs, minus log FID of the
    smaller one there.
    """
    rows = records.answers.selection.training_checkpoints
    sizes, parts, pairs, short, single = size_order(rows), [], [], [], {}
    for (patch,), curves in rows.group_by("patch", maintain_order=True):
        at_patch: list[dict[int, float]] = []
        used: list[str] = []
        here = [size for size in sizes if size in set(curves["size"])]
        for small, large in itertools.pairwise(here):
            found, ids = _at_equal_flops(
                curves.filter(pl.col("size") == small), curves.filter(pl.col("size") == large)
            )
            name = f"patch {patch}: {large} against {small}"
            if len(found) == 1:
                single[name] = (found, ids)
                continue
            if not found:
                short.append(name)
                continue
            pairs.append(over_seeds(name, found, ids))
            at_patch.append(found)
            used += ids
        shared, ids = (
            set.intersection(*map(set, at_patch)) if at_patch else set(),
            list(dict.fromkeys(used)),
        )
        if len(shared) > 1:
            means = {seed: float(np.mean([one[seed] for one in at_patch])) for seed in shared}
            parts.append(over_seeds(f"patch {patch}", means, ids))
        elif at_patch:
            single[f"patch {patch}, all pairs"] = shared, ids
    if not parts:
        for name, (found, ids) in single.items():
            two_seeds(name, list(found), ids)
    if not parts:
        raise ValueError(
            "no two sizes of a patch were evaluated at the same training FLOPs: "
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
    found, ids = {}, []
    ends = {seed: one for (seed,), one in small.group_by("seed")}
    for (seed,), curve in large.group_by("seed", maintain_order=True):
        end = ends.get(seed)
        if end is None:
            continue
        spent = end["train_flops"][-1]
        if curve["train_flops"][0] / SAME_LENGTH <= spent <= curve["train_flops"][-1] * SAME_LENGTH:
            there = np.interp(np.log(spent), curve["train_flops"].log(), curve["value"].log())
            found[seed] = float(there - np.log(end["value"][-1]))
            ids += [end["trial_id"][0], curve["trial_id"][0]]
    return found, ids
