"""Do the three approaches agree on how the best size grows with compute? Their exponents a of N_opt ~ C^a, in pairs.

All three read the same runs, so their errors are not independent and the interval of a difference, which adds them as
if they were, is a rough one: too wide where errors are shared. "agree" means that the runs show no difference, no more.
"""

import itertools
import math
from collections.abc import Mapping

import polars as pl

from analysis.fits.envelope import Envelope
from analysis.fits.intervals import Uncertain
from analysis.fits.isoflop import IsoFlop
from analysis.fits.parametric import Approach3

AGREE, DISAGREE = "agree", "disagree"


def exponents(envelope: Envelope | None = None, isoflop: IsoFlop | None = None, approach3: Approach3 | None = None,
              uncertain: Uncertain | None = None) -> dict[str, tuple[float, float, float]]:
    """a with its 95 % interval, by approach; of approach 3 where its ``parametric.uncertain`` is given too."""
    found = {name: (law.exponent, *law.exponent_interval)
             for name, law in (("envelope", envelope), ("isoflop", isoflop)) if law is not None}
    if approach3 is not None:
        if uncertain is None:
            raise ValueError("the exponent of approach 3 needs its interval; give parametric.uncertain(fit)")
        m = approach3.flops_power
        found["approach3"] = (approach3.exponent, *uncertain.of(lambda p: p[..., 4] / (p[..., 3] + m * p[..., 4])))
    return found


def agreement(found: Mapping[str, tuple[float, float, float]]) -> pl.DataFrame:
    """One row per pair of approaches: one, other, difference, low, high (95 %), verdict."""
    if len(found) < 2:
        raise ValueError(f"agreement needs two approaches or more, found {len(found)} ({', '.join(found) or 'none'})")
    rows = []
    for (one, a), (other, b) in itertools.combinations(found.items(), 2):
        difference = a[0] - b[0]
        half = math.hypot((a[2] - a[1]) / 2, (b[2] - b[1]) / 2)
        rows.append({"one": one, "other": other, "difference": difference, "low": difference - half,
                     "high": difference + half, "verdict": AGREE if abs(difference) <= half else DISAGREE})
    return pl.DataFrame(rows)
