"""How is a comparison of two recipes told: as a table, and in lines?"""

import math

import polars as pl

from analysis.answers.compare import Comparison
from analysis.fits.holdout import far
from analysis.select.protocols import ACROSS
from analysis.text import number


def comparison_table(found: list[Comparison]) -> pl.DataFrame:
    """One row per rung and per patch as a whole, for reading."""
    rows = []
    for one in found:
        rows += [
            {
                "patch": one.patch,
                "rung": r.name,
                "train_flops": r.train_flops,
                "multiplier": r.multiplier,
                "low": r.interval[0],
                "high": r.interval[1],
            }
            for r in one.rungs
        ]
        low, high = (math.exp(end) for end in one.mean.interval())
        rows.append(
            {
                "patch": one.patch,
                "rung": f"all {len(one.rungs)}",
                "train_flops": None,
                "multiplier": math.exp(one.mean.value),
                "low": low,
                "high": high,
            }
        )
    return pl.DataFrame(
        rows,
        schema={
            "patch": pl.Int64,
            "rung": pl.String,
            "train_flops": pl.Float64,
            "multiplier": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
        },
    )


def compare_text(found: list[Comparison]) -> str:
    """What the command prints."""
    lines = (
        [f"{ACROSS} A: {found[0].protocols[0]}. B: {found[0].protocols[1]}."]
        if found[0].across
        else []
    )
    for one in found:
        low, high = (math.exp(end) for end in one.mean.interval())
        lines.append(
            f"patch {one.patch}: {one.verdict}. Compute multiplier of B over A "
            f"{number(math.exp(one.mean.value))} "
            f"[{number(low)}, {number(high)}], 95 %, over {len(one.rungs)} rungs, by {one.metric}"
        )
        lines += [
            f"  {r.name}, {number(r.train_flops)} training FLOPs: {number(r.multiplier)} "
            f"[{number(r.interval[0])}, {number(r.interval[1])}]"
            for r in one.rungs
        ]
        lines += [
            f"  {told}"
            for told in (*one.course, far(one.reach, "A's largest budget"), one.advice, one.note)
            if told
        ]
    return "\n".join(lines)
