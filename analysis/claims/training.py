"""Do larger models use training compute more efficiently? Two sizes are compared at the training
FLOPs that the smaller one spent.
"""

import itertools

import numpy as np
import polars as pl

from analysis.answers.contrast import EFFECT, Part, of_trainings
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
    rungs, parts, pairs, short, single = rung_order(rows), [], [], [], []
    for (curve,), trained in rows.group_by("curve", maintain_order=True):
        at_curve: list[pl.DataFrame] = []
        here = [rung for rung in rungs if rung in set(trained["rung"])]
        for small, large in itertools.pairwise(here):
            readings = _at_equal_flops(
                trained.filter(pl.col("rung") == small), trained.filter(pl.col("rung") == large)
            )
            name = f"{curve}: {large} against {small}"
            if readings["model"].n_unique() < 2:
                short.append(name)
                continue
            part = _part(name, [readings], single)
            if part is not None:
                pairs.append(part)
                at_curve.append(readings)
        if at_curve and (part := _part(curve, at_curve, single)) is not None:
            parts.append(part)
    if not parts:
        raise ValueError(_missing(short, single))
    notes = [f"no checkpoint as cheap, not judged: {'; '.join(short)}"] if short else []
    notes += [f"a model of one seed, not judged: {'; '.join(single)}"] if single else []
    return judge(sorted(parts, key=lambda part: part.of), pairs, note="; ".join(notes))


def _part(of: str, effects: list[pl.DataFrame], single: list[str]) -> Part | None:
    """The mean of ``effects``; None where a model has one seed, and ``of`` joins ``single``."""
    if any(effect.group_by("model").len()["len"].min() < 2 for effect in effects):
        single.append(of)
        return None
    return of_trainings(of, *effects)


def _missing(short: list[str], single: list[str]) -> str:
    if single:
        return (
            f"{single[0]}: one seed of a model, which has no error; train a second (--set seeds=2)"
        )
    return "no two sizes of a curve were evaluated at the same training FLOPs: " + (
        f"{short[0]}, where the larger has no checkpoint as cheap; evaluate it earlier"
        if short
        else "a second size at some patch is needed"
    )


def _at_equal_flops(small: pl.DataFrame, large: pl.DataFrame) -> pl.DataFrame:
    """Of each training: log FID where the shortest of ``small`` ended, with a minus where it is of
    ``small``; model, seed, trial_id and value.

    An end within SAME_LENGTH of the other's is at equal FLOPs: lengths that spend one budget are
    rounded to whole steps.
    """
    spent = small.group_by("seed").agg(pl.col("train_flops").max())["train_flops"].min()
    return pl.concat([_read(small, spent, -1.0), _read(large, spent, 1.0)])


def _read(trained: pl.DataFrame, spent: float, sign: float) -> pl.DataFrame:
    rows = []
    for (seed,), curve in trained.group_by("seed", maintain_order=True):
        flops = curve["train_flops"]
        if flops.min() / SAME_LENGTH <= spent <= flops.max() * SAME_LENGTH:
            there = np.interp(np.log(spent), flops.log(), curve["value"].log())
            rows.append((curve["model"][0], seed, curve["trial_id"][0], sign * float(there)))
    return pl.DataFrame(rows, schema=EFFECT, orient="row")
