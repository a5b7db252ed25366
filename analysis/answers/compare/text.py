"""Writes a comparison of two recipes as a table and as lines."""

import math

import polars as pl

from analysis.answers.compare import Comparison
from analysis.answers.compare.joint import DIFFER, joint
from analysis.fits.holdout import far
from analysis.select.protocols import ACROSS
from analysis.text import number

OF = {"these": "for these rungs", "recipes": "for the recipes"}


def comparison_table(comparisons: list[Comparison]) -> pl.DataFrame:
    """One row per rung and per curve as a whole, for reading."""
    rows = []
    for compared in comparisons:
        rows += [
            {
                "curve": compared.curve,
                "rung": r.name,
                "train_flops": r.train_flops,
                "multiplier": r.multiplier,
                "low": r.interval[0],
                "high": r.interval[1],
            }
            for r in compared.rungs
        ]
        whole = {"these": compared.here, "recipes": compared.mean}
        for of, part in whole.items():
            low, high = (math.exp(end) for end in part.interval())
            rows.append(
                {
                    "curve": compared.curve,
                    "rung": f"all {len(compared.rungs)}, {OF[of]}",
                    "train_flops": None,
                    "multiplier": math.exp(part.value),
                    "low": low,
                    "high": high,
                }
            )
    return pl.DataFrame(
        rows,
        schema={
            "curve": pl.String,
            "rung": pl.String,
            "train_flops": pl.Float64,
            "multiplier": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
        },
    )


def compare_text(comparisons: list[Comparison]) -> str:
    """What the command prints."""
    lines = (
        [f"{ACROSS} A: {comparisons[0].protocols[0]}. B: {comparisons[0].protocols[1]}."]
        if comparisons[0].across
        else []
    )
    for compared in comparisons:
        low, high = (math.exp(end) for end in compared.mean.interval())
        lines.append(
            f"{compared.curve}: {compared.verdict}. Compute multiplier of B over A "
            f"{number(math.exp(compared.mean.value))} [{number(low)}, {number(high)}], 95 %, over "
            f"{len(compared.rungs)} rungs, by {compared.metric}"
        )
        if len(compared.rungs) > 2:
            low, high = (math.exp(end) for end in compared.here.interval())
            lines[-1] += (
                f", {OF['recipes']}, as other rungs would show them; {OF['these']} alone "
                f"[{number(low)}, {number(high)}]"
            )
        lines += [
            f"  {r.name}, {number(r.train_flops)} training FLOPs: {number(r.multiplier)} "
            f"[{number(r.interval[0])}, {number(r.interval[1])}]"
            for r in compared.rungs
        ]
        reach = far(compared.reach, "A's largest budget")
        about = (*compared.course, reach, compared.advice, compared.note)
        lines += [f"  {line}" for line in about if line]
    if together := joint(comparisons):
        low, high = together.interval
        lines.append(
            f"all {together.curves} curves: {number(together.multiplier)} [{number(low)}, "
            f"{number(high)}], each curve counting the same"
        )
        if together.differ < DIFFER:
            lines[-1] += (
                f"; but the curves differ (chance {number(together.differ, 2)}): read them apart"
            )
    return "\n".join(lines)
