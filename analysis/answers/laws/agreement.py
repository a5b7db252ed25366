"""Do the three approaches agree on how the best size grows with compute? Their exponents a of N_opt
~ C^a, in pairs.

All three read the same runs, so their errors are not independent and the interval of a difference,
which adds them as if they were, is a rough one: too wide where errors are shared. "agree" means
that the runs show no difference, no more.
"""

import itertools
import math
from collections.abc import Mapping

import polars as pl

from analysis.answers.verdicts import AGREE, DISAGREE


def agreement(exponents: Mapping[str, tuple[float, float, float]]) -> pl.DataFrame:
    """``found``: exponent, low and high (95 %) by approach. One row per pair: one, other,
    difference, low, high, verdict.
    """
    if len(exponents) < 2:
        raise ValueError(
            f"agreement needs two approaches or more, found {len(exponents)} "
            f"({', '.join(exponents) or 'none'})"
        )
    rows = []
    for (first, a), (second, b) in itertools.combinations(exponents.items(), 2):
        difference = a[0] - b[0]
        half = math.hypot((a[2] - a[1]) / 2, (b[2] - b[1]) / 2)
        rows.append(
            {
                "one": first,
                "other": second,
                "difference": difference,
                "low": difference - half,
                "high": difference + half,
                "verdict": AGREE if abs(difference) <= half else DISAGREE,
            }
        )
    return pl.DataFrame(rows)
